import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../common/package';
import { createReadOnlyLayer } from '../layers/layer';
import { linkOf, rememberedLayer, tarKey } from '../layers/tar-index';
import { digestOf, thisArchitecture, type ImageConfigFile } from './config';
import { imagePaths } from './files';
import type { ReadImage } from './records';

/** The image that is run where none is named. */
export const DEFAULT_IMAGE = 'busybox';
/** Its name in the store, which an image of that name can take from it. */
export const BUNDLED_NAME = 'docker.io/library/busybox:latest';

/** The tar of the one image that comes with skiff. */
export function bundledTar(): string {
  return path.join(packageRoot(), 'busybox.tar');
}

/**
 * The bundled image as the store would have it: its config is made here, always the same, so that it has an id.
 *
 * @returns undefined where its layer was not unpacked yet
 */
export function bundledImage(root: string): ReadImage | undefined {
  const hex = rememberedLayer(root, tarKey(fs.statSync(bundledTar(), { bigint: true })));
  return hex === undefined ? undefined : imageOf(hex);
}

/** What tells that the bundled image is what its name means, and where its layer is. */
export function filesOfBundled(root: string): string[] {
  const tar = bundledTar();
  return [imagePaths(root).refs, tar, linkOf(root, tarKey(fs.statSync(tar, { bigint: true })))];
}

/** The same, and its layer is there after it. */
export async function unpackBundled(root: string): Promise<ReadImage> {
  const layer = await createReadOnlyLayer({ root, tar: bundledTar(), whole: true });
  return imageOf(layer.digest.slice('sha256:'.length));
}

function imageOf(layer: string): ReadImage {
  const created = '2024-09-26T21:31:42Z';
  const config: ImageConfigFile = {
    created,
    architecture: thisArchitecture(),
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
    history: [{ created, created_by: 'busybox.tar, bundled with skiff' }],
  };
  const text = JSON.stringify(config);
  const hex = digestOf(text).slice('sha256:'.length);
  return { hex, config, record: { version: 1, config: text, added: Date.parse(created), digests: [] } };
}
