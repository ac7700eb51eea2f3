import { checkAborted } from '../common/abort';
import { invalidArgument } from '../common/errors';
import { readFacts } from '../layers/facts';
import { hexOf } from '../layers/layer';
import { layerTar } from '../layers/layer-tar';
import { END_MARK, fileHeader, filling } from '../layers/tar-writer';
import { digestOf } from './config';
import { DOCKER_MANIFEST, type DockerManifestEntry } from './docker-archive';
import { blobFile, FULL_NAME_ANNOTATION, MEDIA_TYPES, NAME_ANNOTATION, type Descriptor } from './oci';
import { familiarName, parseReference } from './reference';
import type { StoredImage } from './catalog';
import type { ImageStore } from './store';

/** `docker-archive`: what `docker load` and `podman load` read. `oci-archive`: an OCI layout in a tar. */
export const ARCHIVE_FORMATS = ['docker-archive', 'oci-archive'] as const;
/** Who reads it, see {@link ARCHIVE_FORMATS}. */
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** How images are saved. */
export interface SaveOptions {
  /** `docker-archive` where not given. */
  format?: ArchiveFormat;
  /** Ends it with an error, ABORT_ERR. */
  signal?: AbortSignal;
}

/** An image with the canonical names that are saved with it. */
interface SavedImage {
  image: StoredImage;
  names: string[];
}

/** A file of the archive. */
interface ArchiveFile {
  name: string;
  size: number;
  content: AsyncIterable<Buffer> | Iterable<Buffer>;
}

/**
 * The bytes of an archive with these images. Layers are the tars that they were loaded from, byte for byte, so that all
 * digests stay.
 *
 * @param references by name: that name is saved, too; by id: the image alone
 * @throws SkiffError IMAGE_NOT_FOUND, INVALID_ARGUMENT before anything is given; LAYER_CHANGED
 */
export async function* saveImages(
  store: ImageStore,
  references: readonly string[],
  { format = 'docker-archive', signal }: SaveOptions = {},
): AsyncGenerator<Buffer> {
  if (references.length === 0) throw invalidArgument('no image to save');
  const images = await gather(store, references);
  const mtime = Math.floor(Math.max(...images.map(({ image }) => image.created)) / 1000);
  const files = format === 'oci-archive' ? ociFiles(store, images) : dockerFiles(store, images);
  for await (const { name, size, content } of files) {
    yield fileHeader(name, size, mtime);
    for await (const bytes of content) {
      checkAborted(signal);
      yield bytes;
    }
    yield filling(size);
  }
  yield END_MARK;
}

async function gather(store: ImageStore, references: readonly string[]): Promise<SavedImage[]> {
  const images = new Map<string, SavedImage>();
  for (const reference of references) {
    const image = await store.get(reference);
    const saved = images.get(image.id) ?? { image, names: [] };
    images.set(image.id, saved);
    const name = nameIn(reference, image);
    if (name !== undefined && !saved.names.includes(name)) saved.names.push(name);
  }
  return [...images.values()];
}

/** The canonical name that the image was found by; undefined where that was its id. */
function nameIn(reference: string, image: StoredImage): string | undefined {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(reference)) return undefined;
  const { repository, tag } = parseReference(reference);
  return image.refs.includes(familiarName(`${repository}:${tag}`)) ? `${repository}:${tag}` : undefined;
}

async function* dockerFiles(store: ImageStore, images: SavedImage[]): AsyncGenerator<ArchiveFile> {
  yield* layerFiles(store, images, layer => `${hexOf(layer)}.tar`);
  for (const { image } of images) yield textFile(`${hexOf(image.id)}.json`, image.configText);
  const manifest: DockerManifestEntry[] = images.map(({ image, names }) => ({
    Config: `${hexOf(image.id)}.json`,
    // Whole names, as podman has them: of a short one it would make localhost/NAME.
    RepoTags: names.length > 0 ? names : null,
    Layers: image.layers.map(layer => `${hexOf(layer)}.tar`),
  }));
  yield textFile(DOCKER_MANIFEST, `${JSON.stringify(manifest)}\n`);
}

async function* ociFiles(store: ImageStore, images: SavedImage[]): AsyncGenerator<ArchiveFile> {
  yield textFile('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  yield* layerFiles(store, images, blobFile);
  const manifests: Descriptor[] = [];
  for (const { image, names } of images) {
    yield textFile(blobFile(image.id), image.configText);
    const manifest = JSON.stringify(await manifestOf(store, image));
    const digest = digestOf(manifest);
    yield textFile(blobFile(digest), manifest);
    const descriptor = { mediaType: MEDIA_TYPES.manifest, digest, size: Buffer.byteLength(manifest) };
    manifests.push(
      ...(names.length === 0
        ? [descriptor]
        : names.map(name => ({
            ...descriptor,
            annotations: { [FULL_NAME_ANNOTATION]: name, [NAME_ANNOTATION]: name },
          }))),
    );
  }
  yield textFile('index.json', JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
}

async function manifestOf(store: ImageStore, { id, configText, layers }: StoredImage): Promise<object> {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest: id, size: Buffer.byteLength(configText) },
    layers: await Promise.all(
      layers.map(async digest => ({
        mediaType: MEDIA_TYPES.layer,
        digest,
        size: (await readFacts(store.root, hexOf(digest))).tarBytes,
      })),
    ),
  };
}

/** Each layer once, however many of the images have it. */
async function* layerFiles(
  store: ImageStore,
  images: SavedImage[],
  nameOf: (layer: string) => string,
): AsyncGenerator<ArchiveFile> {
  for (const layer of new Set(images.flatMap(({ image }) => image.layers))) {
    const hex = hexOf(layer);
    const { tarBytes } = await readFacts(store.root, hex);
    yield { name: nameOf(layer), size: tarBytes, content: layerTar(store.root, hex) };
  }
}

function textFile(name: string, text: string): ArchiveFile {
  const bytes = Buffer.from(text);
  return { name, size: bytes.length, content: [bytes] };
}
