import type { ContainerDefaults } from '../image/config';
import { bundledTar } from '../image/bundled';
import type { ImportOptions } from '../image/import';
import type { LoadedImage, LoadOptions } from '../image/load';
import type { RemovedImage, RemoveImageOptions } from '../image/remove';
import type { SaveOptions } from '../image/save';
import { ImageStore, isBundledName, type ImageUser, type StoredImage } from '../image/store';
import { findTar, noImageToRun } from '../image/tar-path';
import { createReadOnlyLayer } from '../layers/layer';
import type { WhiteoutForm } from '../layers/whiteouts';
import { errorCode } from '../common/errors';
import type { ImageConfig } from '../spec/options';
import type { ContainerStore } from '../state';
import { withArchive, withSource, type ProgressOptions } from './image-source';
import { listContainers } from './list';

/** An image as the API tells it. */
export interface ImageInfo extends StoredImage {
  /** Bytes of the files of all its layers. */
  size: number;
  /** Containers that were started from it. */
  containers: number;
}

/** What a container's file system is made of. */
export interface RootSource {
  name: string;
  /** Read-only layers, topmost first. */
  layers: string[];
  /** They never change. */
  stored: boolean;
  /** Of a stored image. */
  imageId?: string;
  config: ImageConfig;
}

/** The images of one root: `skiff.images`. */
export class Images {
  readonly store: ImageStore;
  private readonly configs = new Map<string, RootSource>();

  constructor(root: string, containers: ContainerStore, whiteouts: WhiteoutForm) {
    this.store = new ImageStore({ root, whiteouts, users: () => usersOf(containers) });
  }

  /** All images, the youngest first. */
  async list(): Promise<ImageInfo[]> {
    return Promise.all(this.store.list().map(image => this.describe(image)));
  }

  /**
   * What is known of an image.
   *
   * @param reference its name, `name:tag`, `name@digest`, its id or the beginning of its id
   * @throws SkiffError IMAGE_NOT_FOUND, AMBIGUOUS, INVALID_REFERENCE
   */
  async inspect(reference: string): Promise<ImageInfo> {
    return this.describe(await this.store.get(reference));
  }

  /** The same; undefined where there is none. */
  async find(reference: string): Promise<ImageInfo | undefined> {
    try {
      return await this.inspect(reference);
    } catch (error) {
      if (errorCode(error) === 'IMAGE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /**
   * Make an image out of the tar of a root file system: plain, or compressed by gzip, zstd, xz or bzip2.
   *
   * @param source a file's path, or the bytes
   * @throws SkiffError UNSAFE_TAR, BROKEN_TAR, TOO_LARGE, MISSING_PROGRAM, INVALID_REFERENCE, ABORT_ERR, or an errno's
   * name; nothing is left then
   */
  async import(
    source: string | AsyncIterable<Buffer>,
    options: ImportOptions & ProgressOptions = {},
  ): Promise<ImageInfo> {
    // What changes images is loaded at need: a start takes none of it.
    const { importImage } = await import('../image/import');
    return withSource(source, options, async (bytes, name) =>
      this.describe(await importImage(this.store, { source: bytes, name }, options)),
    );
  }

  /**
   * Load the images of an archive: Docker's, or an OCI layout; compressed or not. Every blob is verified.
   *
   * @param source a file's path, a directory with an OCI layout, or the bytes
   * @throws SkiffError BROKEN_IMAGE, DIGEST_MISMATCH, and as {@link import}; an image is there as a whole or not at all
   */
  async load(
    source: string | AsyncIterable<Buffer>,
    options: LoadOptions & ProgressOptions = {},
  ): Promise<LoadedImage[]> {
    const { loadImages } = await import('../image/load');
    return withArchive(source, place => loadImages(this.store, place, options));
  }

  /**
   * The bytes of an archive with these images.
   *
   * @throws SkiffError IMAGE_NOT_FOUND; LAYER_CHANGED where a layer's files are not those that were unpacked
   */
  async *save(references: readonly string[], options?: SaveOptions): AsyncGenerator<Buffer> {
    const { saveImages } = await import('../image/save');
    yield* saveImages(this.store, references, options);
  }

  /** The same, into a file: as a whole or not at all. */
  async saveTo(file: string, references: readonly string[], options?: SaveOptions): Promise<void> {
    const { writeOutput } = await import('./image-output');
    await writeOutput(file, this.save(references, options));
  }

  /**
   * Give an image one more name.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, INVALID_REFERENCE
   */
  async tag(source: string, target: string): Promise<void> {
    await this.store.tag(source, target);
  }

  /**
   * Remove a name of an image; with its last one, or by its id, the image, and the layers that nothing else has.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, IMAGE_IN_USE
   */
  async remove(reference: string, options?: RemoveImageOptions): Promise<RemovedImage> {
    const { removeImage } = await import('../image/remove');
    return removeImage(this.store, reference, options);
  }

  /** Remove images that have no name and no container; with `all` those with a name, too. */
  async prune(options?: { all?: boolean }): Promise<RemovedImage & { reclaimedBytes: number }> {
    const { pruneImages } = await import('../image/remove');
    return pruneImages(this.store, options);
  }

  /** Whether `run` takes a word for an image: its name, or an id that no command's name looks like. */
  has(name: string): boolean {
    if (isBundledName(name) || findTar(name) !== undefined) return true;
    const isId = /^(sha256:)?[0-9a-f]+$/.test(name) && name.length >= SHORT_ID;
    return unlessInvalid(() => (isId ? this.store.find(name) : this.store.findNamed(name))) !== undefined;
  }

  /**
   * What a container of an image is made of. The bundled image, and tars that were unpacked before, cost no more than
   * a few system calls.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, AMBIGUOUS; or as unpacking a tar does
   */
  async source(name: string): Promise<RootSource> {
    const image = this.lookUp(name);
    if (image) return this.sourceOf(image, name);
    const tar = isBundledName(name) ? bundledTar() : findTar(name);
    if (tar === undefined) throw noImageToRun(name);
    const { path } = await createReadOnlyLayer({
      root: this.store.root,
      tar,
      whiteouts: this.store.whiteouts,
    });
    return { name: isBundledName(name) ? 'busybox' : name, layers: [path], stored: true, config: {} };
  }

  private sourceOf(image: StoredImage, name: string): RootSource {
    const known = this.configs.get(image.id);
    if (known) return { ...known, name };
    const source = {
      name,
      layers: image.layerPaths,
      stored: true,
      imageId: image.id,
      config: defaultsOf(image.config.config ?? {}),
    };
    this.configs.set(image.id, source);
    return source;
  }

  private lookUp(name: string): StoredImage | undefined {
    if (name.startsWith('.') || name.startsWith('/')) return undefined;
    return isBundledName(name) ? this.store.findNamed(name) : unlessInvalid(() => this.store.find(name));
  }

  private async describe(image: StoredImage): Promise<ImageInfo> {
    const size = await this.store.sizeOf(image);
    return { ...image, size, containers: this.store.usersOf(image).length };
  }
}

/** Digits of an id as it is shown. */
const SHORT_ID = 12;

/** A text that can be no image's name has none. */
function unlessInvalid<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errorCode(error) === 'INVALID_REFERENCE') return undefined;
    throw error;
  }
}

/** An image's config in the words of lib/spec; null, which old images have, is nothing. */
function defaultsOf(defaults: ContainerDefaults): ImageConfig {
  return {
    env: defaults.Env ?? undefined,
    entrypoint: defaults.Entrypoint ?? undefined,
    cmd: defaults.Cmd ?? undefined,
    user: defaults.User,
    workingDir: defaults.WorkingDir,
    stopSignal: defaults.StopSignal,
    volumes: Object.keys(defaults.Volumes ?? {}),
    labels: defaults.Labels ?? {},
  };
}

function usersOf(containers: ContainerStore): ImageUser[] {
  return listContainers(containers).map(({ id, imageId, layers, status }) => ({
    id,
    imageId,
    layers,
    running: !['created', 'exited', 'dead'].includes(status),
  }));
}
