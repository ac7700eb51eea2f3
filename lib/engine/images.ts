import path from 'node:path';
import type { ContainerDefaults, HistoryEntry } from '../image/config';
import { bundledTar, filesOfBundled } from '../image/bundled';
import type { ImportOptions } from '../image/import';
import type { LoadedImage, LoadOptions } from '../image/load';
import type { PruneOptions, RemovedImage, RemoveImageOptions } from '../image/remove';
import type { SaveOptions } from '../image/save';
import { filesOfImage, type StoredImage } from '../image/catalog';
import { ImageStore, isBundledName } from '../image/store';
import { findTar, noImageToRun } from '../image/tar-path';
import { restoreMissing } from '../layers/hidden';
import { createReadOnlyLayer } from '../layers/layer';
import { layersDirectory } from '../layers/paths';
import type { WhiteoutForm } from '../layers/whiteouts';
import { errorCode, type SkiffError } from '../common/errors';
import { withMembers } from '../common/with-members';
import { imageUsers } from '../runtime/image-users';
import { missingLayer } from '../runtime/layers';
import type { ImageConfig } from '../spec/options';
import { appendEvent, ContainerStore, type ContainerRecord } from '../state';
import { withArchive, withSource, type ImageInput, type ProgressOptions } from './image-source';
import { KnownSources } from './known-sources';
import { rootDirectory } from './root';

/** An image as the API tells it. */
export interface ImageInfo extends StoredImage {
  /** Bytes of the files of all its layers. */
  size: number;
  /** Containers that were started from it. */
  containers: number;
}

/** One step of an image. */
export interface LayerHistory {
  /** Milliseconds since the epoch. */
  created?: number;
  /** The command, or the builder's word. */
  createdBy: string;
  /** A commit's or an import's message. */
  comment: string;
  /** Bytes of the files of its layer. */
  size: number;
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

/** What a record tells of what its container was made of. */
export type MadeOf = Pick<ContainerRecord, 'image' | 'imageId' | 'layers'>;

/** The images of one root: `skiff.images`. */
export class Images {
  readonly store: ImageStore;
  private readonly configs = new Map<string, RootSource>();
  private readonly sources = new KnownSources<RootSource>();

  /**
   * Nothing is made or opened by it.
   *
   * @param options.root as for {@link Skiff.open}
   * @param options.whiteouts as the storage driver in use wants them; it matters where layers are unpacked
   */
  constructor({ root, whiteouts = 'overlay' }: { root?: string; whiteouts?: WhiteoutForm }) {
    const directory = rootDirectory(root);
    const containers = new ContainerStore(directory);
    this.store = new ImageStore({ root: directory, whiteouts, users: () => imageUsers(containers) });
  }

  /** All images, the youngest first. */
  async list(): Promise<ImageInfo[]> {
    return Promise.all(this.store.list().map(image => this.describe(image)));
  }

  /** Why the records of some images cannot be read. These are not listed, and left alone. */
  unreadable(): SkiffError[] {
    return this.store.unreadable().map(({ reason }) => reason);
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
   * @throws SkiffError UNSAFE_TAR, BROKEN_TAR, TOO_LARGE, MISSING_PROGRAM, INVALID_REFERENCE, ABORT_ERR, or an errno's
   * name; nothing is left then
   */
  async import(source: ImageInput, options: ImportOptions & ProgressOptions = {}): Promise<ImageInfo> {
    // What changes images is loaded at need: a start takes none of it.
    const { importImage } = await import('../image/import');
    const image = await withSource(source, options, (bytes, name) =>
      importImage(this.store, { source: bytes, name }, options),
    );
    this.tell('import', image.id, options.ref);
    return this.describe(image);
  }

  /**
   * Load the images of an archive: Docker's, or an OCI layout; compressed or not. Every blob is verified.
   *
   * @param source a directory can be one: an OCI layout
   * @throws SkiffError BROKEN_IMAGE, DIGEST_MISMATCH, and as {@link import}; an image is there as a whole or not at all
   */
  async load(source: ImageInput, options: LoadOptions & ProgressOptions = {}): Promise<LoadedImage[]> {
    const { loadImages } = await import('../image/load');
    const loaded = await withArchive(source, place => loadImages(this.store, place, options));
    for (const { id, loadedRefs } of loaded) this.tell('load', id, loadedRefs[0]);
    return loaded;
  }

  /**
   * The bytes of an archive with these images.
   *
   * @throws SkiffError IMAGE_NOT_FOUND; LAYER_CHANGED where a layer's files are not those that were unpacked
   */
  async *save(references: readonly string[], options?: SaveOptions): AsyncGenerator<Buffer> {
    const { saveImages } = await import('../image/save');
    yield* saveImages(this.store, references, options);
    for (const reference of references) this.tell('save', (await this.store.get(reference)).id, reference);
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
    const { id } = await this.store.tag(source, target);
    this.tell('tag', id, target);
  }

  /**
   * Remove a name of an image; with its last one, or by its id, the image, and the layers that nothing else has.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, IMAGE_IN_USE
   */
  async remove(reference: string, options?: RemoveImageOptions): Promise<RemovedImage> {
    const { removeImage } = await import('../image/remove');
    const removed = await removeImage(this.store, reference, options);
    this.tellRemoved(removed);
    return removed;
  }

  /** Remove images that have no name and no container; with `all` those with a name, too. */
  async prune(options?: PruneOptions): Promise<RemovedImage & { reclaimedBytes: number }> {
    const { pruneImages } = await import('../image/remove');
    const pruned = await pruneImages(this.store, options);
    this.tellRemoved(pruned);
    appendEvent(this.store.root, {
      type: 'image',
      action: 'prune',
      id: '',
      attributes: { reclaimed: String(pruned.reclaimedBytes) },
    });
    return pruned;
  }

  /**
   * How an image came to be: its steps, the last first.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, AMBIGUOUS, INVALID_REFERENCE
   */
  async history(reference: string): Promise<{ id: string; history: LayerHistory[] }> {
    const image = await this.store.get(reference);
    const sizes = await this.store.layerSizes();
    const layers = [...image.layers];
    // An image without a history has layers all the same.
    const steps: HistoryEntry[] = image.config.history ?? layers.map(() => ({}));
    const history = steps.map(({ created, created_by: createdBy = '', comment = '', empty_layer: empty }) => {
      const layer = empty ? undefined : layers.shift();
      const ms = Date.parse(created ?? '');
      return {
        ...(!Number.isNaN(ms) && { created: ms }),
        createdBy,
        comment,
        size: (layer !== undefined && sizes.get(layer)) || 0,
      };
    });
    return { id: image.id, history: history.reverse() };
  }

  /** Whether `run` takes a word for an image: its name, or an id that no command's name looks like. */
  has(name: string): boolean {
    if (isBundledName(name) || findTar(name) !== undefined) return true;
    const isId = isIdLike(name) && name.length >= SHORT_ID;
    return unlessInvalid(() => (isId ? this.store.find(name) : this.store.findNamed(name))) !== undefined;
  }

  /**
   * What a container of an image is made of. The bundled image, and tars that were unpacked before, cost no more than
   * a few system calls.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, AMBIGUOUS; or as unpacking a tar does
   */
  source(name: string): RootSource | Promise<RootSource> {
    return this.sources.get(name) ?? this.findSource(name);
  }

  private async findSource(name: string): Promise<RootSource> {
    const { root, whiteouts } = this.store;
    const image = this.lookUp(name);
    if (image) {
      await restoreMissing(root, image.layerPaths);
      const source = this.sourceOf(image, name);
      // An id, or its beginning, is told by the directory of records, too.
      if (!isIdLike(name) && !name.includes('@'))
        this.sources.remember(name, source, filesOfImage(root, image));
      return source;
    }
    const isBundled = isBundledName(name);
    const tar = isBundled ? bundledTar() : findTar(name);
    if (tar === undefined) throw noImageToRun(name);
    const { path } = await createReadOnlyLayer({ root, tar, whiteouts });
    const source = { name: isBundled ? 'busybox' : name, layers: [path], stored: true, config: {} };
    if (isBundled) this.sources.remember(name, source, filesOfBundled(root));
    return source;
  }

  /**
   * What a container was made of, by its record: names may be other images' by now, and the image may be removed.
   *
   * @returns undefined where that is not known, or not there: its image is to be looked up
   */
  async sourceOfContainer(record: MadeOf): Promise<RootSource | undefined> {
    const { image: name, imageId, layers = [] } = record;
    const { root } = this.store;
    if (layers.length === 0 || layers.some(layer => path.dirname(layer) !== layersDirectory(root)))
      return undefined;
    await restoreMissing(root, layers);
    if (missingLayer(layers)) return undefined;
    if (imageId === undefined) return { name, layers: [...layers], stored: true, config: {} };
    const image = this.store.findOfContainer(imageId);
    return image && this.sourceOf(image, name);
  }

  private sourceOf(image: StoredImage, name: string): RootSource {
    const known = this.configs.get(image.id);
    if (known) return withMembers(known, { name });
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

  private tellRemoved({ changes }: RemovedImage): void {
    for (const { action, id, name } of changes) this.tell(action, id, name);
  }

  /** What happened, for `events`. */
  private tell(action: string, id: string, name?: string): void {
    appendEvent(this.store.root, {
      type: 'image',
      action,
      id: id.replace('sha256:', ''),
      attributes: name === undefined ? {} : { name },
    });
  }

  private async describe(image: StoredImage): Promise<ImageInfo> {
    const size = await this.store.sizeOf(image);
    return { ...image, size, containers: this.store.usersOf(image).length };
  }
}

function isIdLike(name: string): boolean {
  return /^(sha256:)?[0-9a-f]+$/.test(name);
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
