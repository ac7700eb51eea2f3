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
import { BUNDLED_NAME, DEFAULT_IMAGE, unpackBundled } from './bundled';
import { ImageCatalog, type StoredImage } from './catalog';
import { digestOf, parseConfig } from './config';
import { imagePaths, prepareImages } from './files';
import { readImage, readRefs, writeImage, writeRefs, type Refs } from './records';
import { taggedName } from './reference';

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
 * The images of one root, and what changes them. Layers are kept once for their content, in `images/layers`; an image is one record, which is
 * written when all its layers are there. Nothing is counted: what is used is seen from the records.
 */
export class ImageStore extends ImageCatalog {
  constructor(private readonly options: ImageStoreOptions) {
    super(options.root);
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

  /** @throws SkiffError IMAGE_NOT_FOUND, AMBIGUOUS, INVALID_REFERENCE */
  async get(reference: string): Promise<StoredImage> {
    if (isBundledName(reference)) await unpackBundled(this.root);
    const image = this.find(reference);
    if (image) return image;
    throw noSuchImage(reference);
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
