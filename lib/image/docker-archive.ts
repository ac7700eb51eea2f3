import path from 'node:path';
import type { ArchiveFiles } from './archive-files';
import { brokenImage, MAX_CONFIG_BYTES } from './config';
import { checkDigest, type ArchivedImage } from './oci';

/** An image in `manifest.json`, https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format */
export interface DockerManifestEntry {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

export const DOCKER_MANIFEST = 'manifest.json';

/**
 * The images of what `docker save`, `podman save` and `skopeo copy docker-archive:` write.
 *
 * @throws SkiffError BROKEN_IMAGE, DIGEST_MISMATCH
 */
export async function dockerImages(files: ArchiveFiles): Promise<ArchivedImage[]> {
  const text = (await files.read(DOCKER_MANIFEST, MAX_CONFIG_BYTES)).toString('utf8');
  const entries = parseEntries(files, text);
  return Promise.all(entries.map(entry => imageOf(files, entry)));
}

async function imageOf(
  files: ArchiveFiles,
  { Config, RepoTags, Layers }: DockerManifestEntry,
): Promise<ArchivedImage> {
  const config = await files.read(Config, MAX_CONFIG_BYTES);
  const hex = path.posix.basename(Config, '.json');
  // Every program names it by its digest; an archive that does not say one promises none.
  if (/^[0-9a-f]{64}$/.test(hex)) checkDigest(files, `sha256:${hex}`, config);
  return {
    config: config.toString('utf8'),
    layers: Layers.map(file => ({ file })),
    refs: RepoTags ?? [],
  };
}

function parseEntries(files: ArchiveFiles, text: string): DockerManifestEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw brokenImage(files.name, `its ${DOCKER_MANIFEST} is no JSON`, cause);
  }
  if (!Array.isArray(value) || !value.every(isEntry)) {
    throw brokenImage(files.name, `its ${DOCKER_MANIFEST} is no list of images`);
  }
  return value;
}

function isEntry(value: unknown): value is DockerManifestEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { Config, RepoTags, Layers } = value as Partial<DockerManifestEntry>;
  return (
    typeof Config === 'string' &&
    isTextList(Layers) &&
    (RepoTags === null || RepoTags === undefined || isTextList(RepoTags))
  );
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
