import type { ArchiveFiles } from './archive-files';
import {
  brokenImage,
  digestOf,
  isDigest,
  isObject,
  MAX_CONFIG_BYTES,
  parseJson,
  thisArchitecture,
} from './config';

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  platform?: { architecture: string; os: string; variant?: string };
}

/** https://github.com/opencontainers/image-spec/blob/main/manifest.md; Docker's schema 2 has the same fields. */
export interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

/** What an archive has of one image. */
export interface ArchivedImage {
  config: string;
  /** Files with the layers, the lowest first, plain or compressed; `blob` is the digest of the file's bytes. */
  layers: { file: string; blob?: string }[];
  refs: string[];
  /** `sha256:...` of its manifest, where the archive has one. */
  manifest?: string;
}

export const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

export const NAME_ANNOTATION = 'org.opencontainers.image.ref.name';
/** containerd's and Docker's, which has the whole name where the other one may have the tag alone. */
export const FULL_NAME_ANNOTATION = 'io.containerd.image.name';

const INDEX_TYPES = [MEDIA_TYPES.index, 'application/vnd.docker.distribution.manifest.list.v2+json'];
/** Indexes in indexes are allowed; archives that need more than this are made to be lost in. */
const MAX_DEPTH = 4;

export function blobFile(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/**
 * The images of an OCI layout, image-layout.md; of those for several platforms the one for this machine.
 *
 * @throws SkiffError BROKEN_IMAGE, DIGEST_MISMATCH
 */
export async function ociImages(files: ArchiveFiles): Promise<ArchivedImage[]> {
  const text = (await files.read('index.json', MAX_CONFIG_BYTES)).toString('utf8');
  const entries = descriptorsOf(files, parseJson(text, files.name, 'index.json'), 'manifests');
  const images: ArchivedImage[] = [];
  for (const entry of forThisPlatform(files, entries)) {
    const image = await imageOf(files, entry, 0);
    const same = images.find(({ manifest }) => manifest === image.manifest);
    if (same) same.refs.push(...namesOf(entry));
    else images.push({ ...image, refs: namesOf(entry) });
  }
  return images;
}

function namesOf({ annotations = {} }: Descriptor): string[] {
  const name = annotations[FULL_NAME_ANNOTATION] ?? annotations[NAME_ANNOTATION];
  return name === undefined || name === '' ? [] : [name];
}

async function imageOf(files: ArchiveFiles, descriptor: Descriptor, depth: number): Promise<ArchivedImage> {
  const content = parseJson(await readBlob(files, descriptor), files.name, `manifest ${descriptor.digest}`);
  const isIndex = INDEX_TYPES.includes(descriptor.mediaType) || 'manifests' in content;
  if (isIndex) {
    if (depth === MAX_DEPTH) throw brokenImage(files.name, 'its indexes are nested too deeply');
    const [entry] = forThisPlatform(files, descriptorsOf(files, content, 'manifests'));
    return imageOf(files, entry!, depth + 1);
  }
  const config = checkedDescriptor(files, (content as Partial<Manifest>).config);
  const layers = descriptorsOf(files, content, 'layers');
  return {
    config: await readBlob(files, config),
    layers: layers.map(({ digest }) => ({ file: blobFile(digest), blob: digest })),
    refs: [],
    manifest: descriptor.digest,
  };
}

async function readBlob(files: ArchiveFiles, { digest }: Descriptor): Promise<string> {
  const bytes = await files.read(blobFile(digest), MAX_CONFIG_BYTES);
  checkDigest(files, digest, bytes);
  return bytes.toString('utf8');
}

/** @throws SkiffError DIGEST_MISMATCH */
export function checkDigest(files: ArchiveFiles, expected: string, bytes: Buffer): void {
  const found = digestOf(bytes);
  if (found === expected) return;
  throw brokenImage(
    files.name,
    `digest mismatch: ${blobFile(expected)} is ${found}`,
    undefined,
    'DIGEST_MISMATCH',
  );
}

function descriptorsOf(files: ArchiveFiles, content: object, key: 'manifests' | 'layers'): Descriptor[] {
  const list = (content as Partial<Record<string, unknown>>)[key];
  if (!Array.isArray(list)) throw brokenImage(files.name, `it has no list of ${key}`);
  return list.map(item => checkedDescriptor(files, item));
}

function checkedDescriptor(files: ArchiveFiles, value: unknown): Descriptor {
  const descriptor = value as Partial<Descriptor> | null | undefined;
  if (!isDigest(descriptor?.digest)) throw brokenImage(files.name, 'it has a descriptor without a digest');
  const { mediaType = '', annotations = {}, platform } = descriptor;
  const texts = [mediaType, platform?.os ?? '', platform?.architecture ?? '', ...Object.values(annotations)];
  if (!isObject(annotations) || !isObject(platform ?? {}) || !texts.every(text => typeof text === 'string')) {
    throw brokenImage(files.name, `it has a descriptor that is none: ${descriptor.digest}`);
  }
  return { ...descriptor, mediaType: descriptor.mediaType ?? '' } as Descriptor;
}

/** Those without a platform are for any. */
function forThisPlatform(files: ArchiveFiles, entries: Descriptor[]): Descriptor[] {
  const fitting = entries.filter(
    ({ platform }) => !platform || (platform.os === 'linux' && platform.architecture === thisArchitecture()),
  );
  if (fitting.length > 0) return fitting;
  const there = entries.map(({ platform }) => `${platform?.os}/${platform?.architecture}`).join(', ');
  throw brokenImage(
    files.name,
    entries.length === 0
      ? 'it has no image'
      : `it has no image for linux/${thisArchitecture()}, only for ${there}`,
  );
}
