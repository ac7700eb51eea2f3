import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { checkAborted } from '../common/abort';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import { fullRemedy, isFull } from '../layers/errors';
import { openNameless } from '../layers/owner';
import type { ByteSource } from '../layers/byte-source';
import { isCompressed, tapped, tarChunks } from '../layers/source';
import { DirectoryFiles, TarFiles, type ArchiveFiles } from './archive-files';
import { brokenImage, parseConfig } from './config';
import { DOCKER_MANIFEST, dockerImages } from './docker-archive';
import { imagePaths } from './files';
import { ociImages, type ArchivedImage } from './oci';
import { familiarName, parseReference } from './reference';
import type { StoredImage } from './catalog';
import type { ImageStore } from './store';

/** How an archive is loaded. */
export interface LoadOptions {
  /** Bytes that each layer's uncompressed tar may have; 64 GiB where not given. */
  maxBytes?: number;
  /** Aborting leaves nothing of the image that was being loaded. */
  signal?: AbortSignal;
  /** @param total of all layers of the image as they are in the archive */
  onProgress?: (done: number, total: number) => void;
}

/** An image that was loaded. */
export interface LoadedImage extends StoredImage {
  /** The names that the archive gave it. */
  loadedRefs: string[];
}

/** Where an image archive is: an open file, bytes that come once, or a directory with an OCI layout. */
export type ArchivePlace =
  | { name: string; handle: FileHandle; source: ByteSource }
  | { name: string; source: ByteSource }
  | { name: string; directory: string };

/**
 * Load the images of an archive: Docker's, or an OCI layout; compressed or not. Every blob is verified. An image is
 * there as a whole or not at all; of several images those before a failure stay.
 *
 * @throws SkiffError BROKEN_IMAGE, DIGEST_MISMATCH, and as {@link ImageStore.addLayer}
 */
export async function loadImages(
  store: ImageStore,
  place: ArchivePlace,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  return store.adding(() =>
    naming(place.name, () =>
      withFiles(store, place, options, async files => {
        const loaded: LoadedImage[] = [];
        for (const image of await imagesOf(files)) {
          loaded.push(await loadImage(store, files, image, options));
        }
        return loaded;
      }),
    ),
  );
}

/** What is wrong with the archive itself is told with its name; errors of its parts have theirs. */
async function naming<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!SkiffError.is(error) || error.path !== undefined) throw error;
    throw new SkiffError(`load image: ${name}: ${errorMessage(error)}`, {
      code: error.code,
      path: name,
      ...(error.remedy !== undefined && { remedy: error.remedy }),
      cause: error,
    });
  }
}

async function imagesOf(files: ArchiveFiles): Promise<ArchivedImage[]> {
  // An archive of a current Docker is both; its manifest.json has whole names.
  if (await files.has(DOCKER_MANIFEST)) return dockerImages(files);
  if (await files.has('index.json')) return ociImages(files);
  throw brokenImage(
    files.name,
    `it is no image archive: there is neither ${DOCKER_MANIFEST} nor index.json`,
    undefined,
    undefined,
    `The tar of a root file system is made an image by 'skiff import'.`,
  );
}

async function loadImage(
  store: ImageStore,
  files: ArchiveFiles,
  { config, layers, refs, manifest }: ArchivedImage,
  options: LoadOptions,
): Promise<LoadedImage> {
  const diffIds = parseConfig(config, files.name).rootfs.diff_ids;
  if (diffIds.length !== layers.length) {
    throw brokenImage(files.name, `its config tells of ${diffIds.length} layers, it has ${layers.length}`);
  }
  // Wrong names are refused before anything is unpacked.
  const names = refs.map(ref => parseReference(ref));
  const missing = layers.flatMap((layer, at) =>
    store.isWhole(diffIds[at]!) ? [] : [{ ...layer, diffId: diffIds[at]! }],
  );
  const progress = await counterOf(files, missing, options.onProgress);
  for (const layer of missing) await loadLayer(store, files, layer, { ...options, onBytes: progress });
  const digests =
    manifest === undefined ? [] : names.map(({ repository }) => `${familiarName(repository)}@${manifest}`);
  const image = await store.addImage({ config, refs, digests });
  return { ...image, loadedRefs: names.map(({ repository, tag }) => familiarName(`${repository}:${tag}`)) };
}

async function loadLayer(
  store: ImageStore,
  files: ArchiveFiles,
  { file, blob, diffId }: { file: string; blob?: string; diffId: string },
  options: Pick<LoadOptions, 'maxBytes' | 'signal'> & { onBytes: (bytes: number) => void },
): Promise<void> {
  const { maxBytes, signal, onBytes } = options;
  // The digest of an uncompressed blob is the layer's own, which is verified in any case.
  const hash = blob !== undefined && blob !== diffId ? createHash('sha256') : undefined;
  const name = `${files.name}: ${file}`;
  await files.open(file, source =>
    store.addLayer(tapped(source, { hash, onBytes }), { name, maxBytes, signal, expected: diffId }),
  );
  const found = hash && `sha256:${hash.digest('hex')}`;
  if (found !== undefined && found !== blob) {
    // What is in it is right; the layer stays, for the next to be collected.
    throw brokenImage(files.name, `digest mismatch: ${file} is ${found}`, undefined, 'DIGEST_MISMATCH');
  }
}

async function counterOf(
  files: ArchiveFiles,
  layers: readonly { file: string }[],
  onProgress: LoadOptions['onProgress'],
): Promise<(bytes: number) => void> {
  if (!onProgress) return () => undefined;
  let total = 0;
  for (const { file } of layers) total += await files.open(file, async ({ length = 0 }) => length);
  let done = 0;
  return bytes => onProgress((done += bytes), total);
}

async function withFiles<T>(
  store: ImageStore,
  place: ArchivePlace,
  options: LoadOptions,
  work: (files: ArchiveFiles) => Promise<T>,
): Promise<T> {
  if ('directory' in place) return work(new DirectoryFiles(place.directory));
  const { name, source } = place;
  if ('handle' in place && !(await isCompressed(source))) return work(await TarFiles.of(name, place.handle));
  return spooled(store, place, options, async handle => work(await TarFiles.of(name, handle)));
}

/** What can be read only once is put into a file: an archive tells at its end what stands at its beginning. */
async function spooled<T>(
  store: ImageStore,
  { name, source }: { name: string; source: ByteSource },
  { maxBytes = Infinity, signal }: LoadOptions,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await openNameless(imagePaths(store.root).images);
  try {
    let size = 0;
    for await (const chunk of tarChunks(source)) {
      checkAborted(signal);
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(name, maxBytes);
      await append(handle, chunk, { name, directory: imagePaths(store.root).images });
    }
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/** All of a chunk; on a disk that is nearly full a single write takes a part of it. */
async function append(
  handle: FileHandle,
  chunk: Buffer,
  { name, directory }: { name: string; directory: string },
): Promise<void> {
  try {
    await handle.writeFile(chunk);
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new SkiffError(`load image: ${name}: no space left on device for a copy of it`, {
      code: errorCode(error)!,
      path: name,
      remedy: fullRemedy(directory),
      cause: error,
    });
  }
}

function tooLarge(name: string, maxBytes: number): SkiffError {
  return new SkiffError(`load image: ${name}: it has more than ${maxBytes} bytes`, {
    code: 'TOO_LARGE',
    path: name,
    remedy: 'Allow more where it is to be trusted: --max-size.',
  });
}
