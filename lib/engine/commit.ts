import path from 'node:path';
import { applyChanges } from '../image/changes';
import { thisArchitecture, type HistoryEntry, type ImageConfigFile } from '../image/config';
import { taggedName } from '../image/reference';
import type { StoredImage } from '../image/catalog';
import type { ImageStore } from '../image/store';
import { errorCode, SkiffError } from '../common/errors';
import { isRootless } from '../common/rootless';
import { layersDirectory } from '../layers/paths';
import { StreamSource } from '../layers/source';
import { comparison, tarTree } from '../workspace';
import { containerDefaults } from './commit-config';
import { filesOf, requireFiles } from './files';
import type { ContainerInfo } from './info';

/** What becomes of a container's changes. */
export interface CommitOptions {
  /** A name for the image, `name` or `name:tag`. */
  ref?: string;
  /** Of the image, as its config has them: `Jane <jane@example.org>`. */
  author?: string;
  /** Of the image's newest step. */
  message?: string;
  /** Dockerfile instructions: `CMD ["sh"]`, `ENV a=b`. */
  changes?: readonly string[];
  /** Hold a running container meanwhile, so that its files are of one moment; true where not given. */
  pause?: boolean;
  /** Aborting leaves nothing. */
  signal?: AbortSignal;
}

/** Holds a container's processes. */
export interface Freezer {
  /**
   * Freeze them; where this process dies they go on.
   *
   * @returns lets them go on; undefined where they cannot be held
   */
  hold(id: string): Promise<(() => Promise<void>) | undefined>;
}

/** Bytes of a tar in which nothing is: its end mark. */
const EMPTY_TAR = 1024;

/**
 * Make an image of a container: that of its image, and what the container wrote as one more layer. The config is that of
 * the image with what the container was created with, as Docker has it, and the changes.
 *
 * @throws SkiffError INVALID_REFERENCE, INVALID_ARGUMENT before anything is read; NO_IMAGE of a container of a directory;
 * or as storing a layer does; nothing is left then
 */
export async function commitContainer(
  { images, freezer }: { images: ImageStore; freezer?: Freezer },
  info: ContainerInfo,
  options: CommitOptions = {},
): Promise<StoredImage> {
  const { ref, changes = [], pause = true, signal } = options;
  await requireFiles(info);
  if (ref !== undefined) taggedName(ref);
  applyChanges({}, changes);
  const base = baseOf(images, info);
  const defaults = applyChanges(containerDefaults(base.config ?? {}, info), changes);
  return images.adding(async () => {
    const hold = pause && info.status === 'running' ? freezer : undefined;
    const diffId = await held(hold, info, () => storeLayer(images, info, signal));
    const config = configOf({ ...base, config: defaults }, diffId, info, options);
    return images.addImage({ config: JSON.stringify(config), refs: ref === undefined ? [] : [ref] });
  });
}

/** What keeps a container from being held: it has ended meanwhile, or somebody else holds it. */
const NOT_TO_BE_HELD = ['CONTAINER_NOT_RUNNING', 'CONTAINER_PAUSED', 'CONTAINER_NOT_FOUND'];

/** Run `work` while the container's processes are held. */
async function held<T>(
  freezer: Freezer | undefined,
  { id }: ContainerInfo,
  work: () => Promise<T>,
): Promise<T> {
  const letGo = freezer && (await freezer.hold(id).catch(unlessExpected));
  try {
    return await work();
  } finally {
    await letGo?.();
  }
}

function unlessExpected(error: unknown): undefined {
  const code = errorCode(error) ?? '';
  // Whoever has no cgroup of their own still gets an image, of a container that goes on meanwhile.
  if (!NOT_TO_BE_HELD.includes(code) && !(code === 'CGROUP_UNAVAILABLE' && isRootless())) throw error;
}

/** @returns its digest; undefined where the container changed nothing */
async function storeLayer(
  images: ImageStore,
  info: ContainerInfo,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const stream = await tarTree({ what: 'commit', name: info.name }, async tree => ({
    ...(await comparison(filesOf(info), tree)),
    layer: true,
  }));
  try {
    const source = new StreamSource(stream as AsyncIterable<Buffer>);
    if ((await source.head(EMPTY_TAR + 1)).length <= EMPTY_TAR) return undefined;
    return (await images.addLayer(source, { name: `layer of ${info.name}`, signal })).diffId;
  } finally {
    stream.destroy();
  }
}

/** The config of the container's image; of an image that is not stored (a tar), one that has its layers. */
function baseOf(images: ImageStore, info: ContainerInfo): ImageConfigFile {
  const { layers } = info;
  const isBase = (image: StoredImage | undefined) =>
    image?.layerPaths.length === layers.length && image.layerPaths.every((layer, i) => layer === layers[i]);
  const named = info.imageId === undefined ? undefined : images.findOfContainer(info.imageId);
  const image = isBase(named) ? named : images.list().find(isBase);
  if (image) return image.config;
  const stored = layersDirectory(images.root);
  if (layers.length === 0 || layers.some(layer => path.dirname(layer) !== stored))
    throw new SkiffError(`cannot commit container ${info.name}: it is not made of an image`, {
      code: 'NO_IMAGE',
      path: info.id,
      exitCode: 1,
      remedy: 'Export it and import the archive: skiff export CONTAINER | skiff import - NAME.',
    });
  const diffIds = layers.map(layer => `sha256:${path.basename(layer)}`).reverse();
  return {
    architecture: thisArchitecture(),
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created_by: info.image })),
  };
}

function configOf(
  base: ImageConfigFile,
  diffId: string | undefined,
  info: ContainerInfo,
  { author, message }: CommitOptions,
): ImageConfigFile {
  const created = new Date().toISOString();
  const step: HistoryEntry = {
    created,
    ...(author && { author }),
    created_by: info.command.join(' '),
    ...(message && { comment: message }),
    ...(diffId === undefined && { empty_layer: true }),
  };
  return {
    ...base,
    created,
    ...(author && { author }),
    rootfs: {
      type: 'layers',
      diff_ids: diffId === undefined ? base.rootfs.diff_ids : [...base.rootfs.diff_ids, diffId],
    },
    history: [...(base.history ?? []), step],
  };
}
