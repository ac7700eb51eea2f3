import { SkiffError } from '../common/errors';
import { hexOf, layerOf } from '../layers/layer';
import { BUNDLED_NAME, bundledImage } from './bundled';
import type { ImageConfigFile } from './config';
import { imagePaths } from './files';
import { readForgotten } from './forgotten';
import { imageIds, readImage, readRefs, type ReadImage, type Refs } from './records';
import { familiarName, parseReference } from './reference';

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
  /** When it was made, as its config tells, in ms since the epoch; where that is silent, as `added`. */
  created: number;
  /** When it was stored first, in ms since the epoch. */
  added: number;
}

/** What images a root has, as their records tell; the bundled one is among them once its layer is unpacked. */
export class ImageCatalog {
  constructor(readonly root: string) {}

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

  /** All images, the youngest first. */
  list(): StoredImage[] {
    const refs = this.refs();
    return this.ids()
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

  /** Names with the ids that they stand for; the bundled image has its own where no other took it. */
  private refs(): Refs {
    const refs = readRefs(this.root);
    const bundled = refs.has(BUNDLED_NAME) ? undefined : bundledImage(this.root);
    return bundled ? refs.set(BUNDLED_NAME, bundled.hex) : refs;
  }

  private ids(): string[] {
    const bundled = bundledImage(this.root);
    return [...new Set([...imageIds(this.root), ...(bundled ? [bundled.hex] : [])])];
  }

  protected read(hex: string): ReadImage | undefined {
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
    const matching = this.ids().filter(hex => hex.startsWith(prefix));
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

/** What tells that a name is this image's, and that it is whole. */
export function filesOfImage(root: string, { id, layerPaths }: StoredImage): string[] {
  const { refs, record } = imagePaths(root);
  return [refs, record(hexOf(id)), ...layerPaths];
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
