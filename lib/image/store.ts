import fs from 'node:fs';
import { SkiffError } from '../common/errors';
import { hasFacts, layerBytes, layerNotFound, readFacts } from '../layers/facts';
import { addLayer, createReadOnlyLayer, deleteReadOnlyLayer, hexOf, layerOf } from '../layers/layer';
import { restoreLayers } from '../layers/hidden';
import { whereUnlocked, withLock } from '../layers/lock';
import { layersDirectory } from '../layers/paths';
import type { ByteSource } from '../layers/byte-source';
import { indexedLayers } from '../layers/tar-index';
import type { WhiteoutForm } from '../layers/whiteouts';
import { BUNDLED_NAME, bundledImage, DEFAULT_IMAGE, unpackBundled } from './bundled';
import { digestOf, parseConfig, type ImageConfigFile } from './config';
import { imagePaths, prepareImages } from './files';
import { readForgotten } from './forgotten';
import { imageIds, readImage, readRefs, writeImage, writeRefs, type ReadImage, type Refs } from './records';
import { familiarName, parseReference, taggedName } from './reference';

/** An image of the store. */
export interface StoredImage {
  /** `sha256:` and the digest of its config. */
  id: string;
  config: ImageConfigFile;
  /** The config blob, byte for byte. */
  configText: string;
  /** `repository:tag` as people write it; empty for an image without a name. */
  refs: string[];
  /** `repository@sha256:...` of manifests that it was loaded by. */
  digests: string[];
  /** Digests of the uncompressed layers, the lowest first. */
  layers: string[];
  /** Directories with the unpacked layers, the topmost first. */
  layerPaths: string[];
  /** Milliseconds since the epoch. */
  created: number;
  added: number;
}

/** What a container has of the store. */
export interface ImageUser {
  id: string;
  imageId?: string;
  /** Paths of its layers. */
  layers: readonly string[];
  running: boolean;
}

export interface ImageStoreOptions {
  root: string;
  /** How the storage driver in use wants whiteouts in unpacked layers; `overlay` where not given. */
  whiteouts?: WhiteoutForm;
  /** The containers of this root. */
  users: () => ImageUser[];
}

export interface AddImageOptions {
  /** The config blob. */
  config: string;
  /** Names for it, `busybox` or `busybox:tag`; they are taken from images that had them. */
  refs?: readonly string[];
  /** `repository@sha256:...` */
  digests?: readonly string[];
}

/**
 * The images of one root. Layers are kept once for their content, in `images/layers`; an image is one record, which is
 * written when all its layers are there. Nothing is counted: what is used is seen from the records.
 */
export class ImageStore {
  constructor(private readonly options: ImageStoreOptions) {}

  get root(): string {
    return this.options.root;
  }

  /** The driver's form of whiteouts. */
  get whiteouts(): WhiteoutForm {
    return this.options.whiteouts ?? 'overlay';
  }

  /**
   * Do something that adds layers and then the image they are for. Layers that no image has yet are safe from being
   * collected meanwhile; what killed processes left is removed before.
   */
  async adding<T>(work: () => Promise<T>): Promise<T> {
    await prepareImages(this.root);
    const { addLock } = imagePaths(this.root);
    await whereUnlocked(addLock, async () => void (await this.collectLayers()));
    return withLock(addLock, { shared: true }, work);
  }

  /**
   * Unpack a layer, within {@link adding}.
   *
   * @param source of the tar, plain or compressed: a path, or a stream
   * @throws SkiffError UNSAFE_TAR, BROKEN_TAR, TOO_LARGE, MISSING_PROGRAM, DIGEST_MISMATCH, or an errno's name; nothing
   * of it is left then
   */
  async addLayer(
    source: ByteSource | string,
    options: { name?: string; maxBytes?: number; expected?: string; signal?: AbortSignal } = {},
  ): Promise<{ diffId: string; size: number; tarBytes: number }> {
    const { root, whiteouts } = this;
    const layer =
      typeof source === 'string'
        ? await createReadOnlyLayer({ root, tar: source, whiteouts, whole: true })
        : await addLayer({ root, whiteouts, name: options.name ?? 'layer', ...options, source });
    const { fileBytes, tarBytes } = await readFacts(root, hexOf(layer.digest));
    return { diffId: layer.digest, size: fileBytes, tarBytes };
  }

  /** Whether a layer of that digest is unpacked already. */
  hasLayer(diffId: string): boolean {
    return fs.existsSync(layerOf(this.root, hexOf(diffId)).path);
  }

  /** Whether it also can be saved; else it is to be unpacked once more. */
  isWhole(diffId: string): boolean {
    return this.hasLayer(diffId) && hasFacts(this.root, hexOf(diffId));
  }

  /**
   * Store an image whose layers are there, within {@link adding}.
   *
   * @throws SkiffError BROKEN_IMAGE, INVALID_REFERENCE, LAYER_NOT_FOUND
   */
  async addImage({ config: text, refs = [], digests = [] }: AddImageOptions): Promise<StoredImage> {
    const names = refs.map(taggedName);
    const config = parseConfig(text, refs[0] ?? 'image');
    for (const diffId of config.rootfs.diff_ids) {
      if (!this.hasLayer(diffId)) throw layerNotFound(diffId);
    }
    const hex = hexOf(digestOf(text));
    await this.changing(async known => {
      const before = readImage(this.root, hex)?.record;
      const all = [...new Set([...(before?.digests ?? []), ...digests])];
      const record = { version: 1 as const, config: text, added: before?.added ?? Date.now(), digests: all };
      await writeImage(this.root, hex, record);
      for (const name of names) known.set(name, hex);
      if (names.length > 0) await writeRefs(this.root, known);
    });
    return this.get(`sha256:${hex}`);
  }

  /**
   * Find an image by name, `name:tag`, `name@digest`, id, or the beginning of its id. Of the bundled image without a
   * layer yet, nothing is known here.
   *
   * @throws SkiffError AMBIGUOUS
   */
  find(reference: string): StoredImage | undefined {
    const refs = this.refs();
    const hex = this.hexOfName(reference, refs) ?? this.hexOfId(reference);
    const image = hex === undefined ? undefined : this.read(hex);
    return image && this.describe(image, refs);
  }

  /**
   * The image of a container, by its id: it may be removed by now.
   *
   * @param id `sha256:` and 64 digits
   */
  findOfContainer(id: string): StoredImage | undefined {
    const hex = hexOf(id);
    const image = this.readable(hex) ?? readForgotten(this.root, hex);
    return image && this.describe(image, this.refs());
  }

  /** Find an image by its whole name alone. Costs one failed open(2) where no image has a name. */
  findNamed(reference: string): StoredImage | undefined {
    const refs = readRefs(this.root);
    if (refs.size === 0) return undefined;
    const hex = this.hexOfName(reference, refs);
    const image = hex === undefined ? undefined : readImage(this.root, hex);
    return image && this.describe(image, refs);
  }

  /** @throws SkiffError IMAGE_NOT_FOUND, AMBIGUOUS, INVALID_REFERENCE */
  async get(reference: string): Promise<StoredImage> {
    if (isBundledName(reference)) await unpackBundled(this.root);
    const image = this.find(reference);
    if (image) return image;
    throw noSuchImage(reference);
  }

  /** All images, the youngest first. */
  list(): StoredImage[] {
    const refs = this.refs();
    const bundled = bundledImage(this.root);
    const ids = new Set([...imageIds(this.root), ...(bundled ? [bundled.hex] : [])]);
    return [...ids]
      .map(hex => this.readable(hex))
      .filter(image => image !== undefined)
      .map(image => this.describe(image, refs))
      .sort((one, other) => other.created - one.created || (one.id < other.id ? -1 : 1));
  }

  /** Why the records of some images cannot be read; these are left alone. */
  unreadable(): { hex: string; reason: SkiffError }[] {
    return imageIds(this.root).flatMap(hex => {
      const reason = unreadableReason(() => this.read(hex));
      return reason ? [{ hex, reason }] : [];
    });
  }

  /** Bytes of all files of an image's layers. */
  async sizeOf({ layers }: Pick<StoredImage, 'layers'>): Promise<number> {
    const sizes = await Promise.all(layers.map(layer => layerBytes(this.root, hexOf(layer))));
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Bytes of the files of each layer, by its digest. */
  async layerSizes(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for (const hex of layerNames(this.root)) {
      sizes.set(`sha256:${hex}`, await layerBytes(this.root, hex));
    }
    return sizes;
  }

  /**
   * Give an image one more name; another image that has it loses it.
   *
   * @throws SkiffError IMAGE_NOT_FOUND, INVALID_REFERENCE
   */
  async tag(source: string, target: string): Promise<StoredImage> {
    const name = taggedName(target);
    const image = await this.get(source);
    await prepareImages(this.root);
    const hex = hexOf(image.id);
    await this.changing(async refs => {
      const current = this.read(hex);
      if (!current) throw noSuchImage(source);
      // The bundled one has no record before it has a name of the user's.
      if (!readImage(this.root, hex)) await writeImage(this.root, hex, current.record);
      refs.set(name, hex);
      await writeRefs(this.root, refs);
    });
    return this.get(image.id);
  }

  /** Change names and records, while nobody else does. `known` are the names that are stored. */
  async changing<T>(work: (known: Refs) => Promise<T>): Promise<T> {
    const { lock } = imagePaths(this.root);
    return withLock(lock, { shared: false }, () => work(readRefs(this.root)));
  }

  /**
   * Remove layers that no image has, no container, and no tar file that was run by its path. Nobody can tell which
   * layers an image has whose record cannot be read: all stay then.
   *
   * @returns their digests
   */
  async collectLayers(): Promise<string[]> {
    if (this.unreadable().length > 0) return [];
    await restoreLayers(this.root);
    const used = await indexedLayers(this.root);
    for (const { layers } of this.list()) layers.forEach(layer => used.add(hexOf(layer)));
    const { root } = this;
    const usedPaths = () => new Set(this.options.users().flatMap(({ layers }) => layers));
    const paths = usedPaths();
    const removed: string[] = [];
    for (const hex of layerNames(this.root)) {
      const { digest, path } = layerOf(root, hex);
      if (used.has(hex) || paths.has(path)) continue;
      const isUsed = () => usedPaths().has(path);
      if (await deleteReadOnlyLayer({ root, digest, isUsed })) removed.push(digest);
    }
    return removed;
  }

  /** Containers that were started from an image. */
  usersOf({ id }: Pick<StoredImage, 'id'>): ImageUser[] {
    return this.options.users().filter(({ imageId }) => imageId === id);
  }

  /** Names with the ids that they stand for; the bundled image has its own where no other took it. */
  private refs(): Refs {
    const refs = readRefs(this.root);
    const bundled = refs.has(BUNDLED_NAME) ? undefined : bundledImage(this.root);
    return bundled ? refs.set(BUNDLED_NAME, bundled.hex) : refs;
  }

  private read(hex: string): ReadImage | undefined {
    const stored = readImage(this.root, hex);
    if (stored) return stored;
    const bundled = bundledImage(this.root);
    return bundled?.hex === hex ? bundled : undefined;
  }

  /** Undefined also where its record cannot be read. */
  private readable(hex: string): ReadImage | undefined {
    let image: ReadImage | undefined;
    unreadableReason(() => (image = this.read(hex)));
    return image;
  }

  private hexOfName(reference: string, refs: Refs): string | undefined {
    if (/^(sha256:)?[0-9a-f]{64}$/.test(reference)) return undefined;
    const { repository, tag, digest } = parseReference(reference);
    if (digest === undefined) return refs.get(`${repository}:${tag}`);
    const wanted = `${familiarName(repository)}@${digest}`;
    return imageIds(this.root).find(hex => {
      return this.readable(hex)?.record.digests.includes(wanted);
    });
  }

  private hexOfId(reference: string): string | undefined {
    const prefix = reference.replace(/^sha256:/, '');
    if (!/^[0-9a-f]{1,64}$/.test(prefix)) return undefined;
    const bundled = bundledImage(this.root);
    const ids = new Set([...imageIds(this.root), ...(bundled ? [bundled.hex] : [])]);
    const matching = [...ids].filter(hex => hex.startsWith(prefix));
    if (matching.length < 2) return matching[0];
    throw new SkiffError(
      `ambiguous image: ${reference}: it could be ${matching.map(hex => hex.slice(0, 12)).join(', ')}`,
      { code: 'AMBIGUOUS', path: reference, exitCode: 1 },
    );
  }

  private describe({ hex, record, config }: ReadImage, refs: Refs): StoredImage {
    const layers = config.rootfs.diff_ids;
    const created = Date.parse(config.created ?? '');
    return {
      id: `sha256:${hex}`,
      config,
      configText: record.config,
      refs: [...refs].filter(([, id]) => id === hex).map(([name]) => familiarName(name)),
      digests: record.digests,
      layers,
      layerPaths: layers.map(layer => layerOf(this.root, hexOf(layer)).path).reverse(),
      created: Number.isNaN(created) ? record.added : created,
      added: record.added,
    };
  }
}

/** Why a record cannot be read; undefined where it can. */
function unreadableReason(read: () => unknown): SkiffError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (SkiffError.is(error) && ['BROKEN_STORE', 'FUTURE_STORE'].includes(error.code)) return error;
    throw error;
  }
}

export function isBundledName(reference: string): boolean {
  return reference === DEFAULT_IMAGE || reference === `${DEFAULT_IMAGE}:latest` || reference === BUNDLED_NAME;
}

/** Exit code 1 as for other names that nothing has. */
export function noSuchImage(reference: string): SkiffError {
  return new SkiffError(`no such image: ${reference}`, {
    code: 'IMAGE_NOT_FOUND',
    path: reference,
    exitCode: 1,
  });
}

function layerNames(root: string): string[] {
  const directory = layersDirectory(root);
  if (!fs.existsSync(directory)) return [];
  return fs.readdirSync(directory).filter(name => /^[0-9a-f]{64}$/.test(name));
}
