import { errorCode, invalidArgument } from '../common/errors';
import type { ImageInfo } from '../engine/images';
import { familiarName, parseReference, splitTag } from '../image/reference';
import { groupFilters, invalidFilterValue, type Filter } from './filters';
import { decimalSize, goTime, humanDuration } from './human';
import { hasLabel } from './image-prune';
import type { Listing } from './listing';

/** What `images --filter` knows. */
export const IMAGE_FILTERS = ['before', 'dangling', 'label', 'reference', 'since'] as const;

const NONE = '<none>';
const SHORT_ID = 12;

/** What `images` can show. */
export function imageListing(withDigests: boolean): Listing {
  return {
    heads: {
      Containers: 'CONTAINERS',
      CreatedAt: 'CREATED AT',
      CreatedSince: 'CREATED',
      Digest: 'DIGEST',
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      SharedSize: 'SHARED SIZE',
      Size: 'SIZE',
      Tag: 'TAG',
      UniqueSize: 'UNIQUE SIZE',
      VirtualSize: 'SIZE',
    },
    columns: ['Repository', 'Tag', ...(withDigests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
  };
}

/** A name of an image as `images` tells it, with the fields of Docker's; what only `system df` tells is N/A. */
export interface ImageRow {
  Containers: string;
  CreatedAt: string;
  CreatedSince: string;
  Digest: string;
  ID: string;
  Repository: string;
  SharedSize: string;
  Size: string;
  Tag: string;
  UniqueSize: string;
  VirtualSize: string;
}

/** A row for each name, and one for an image without any. */
export function imageRows(
  image: ImageInfo,
  { noTrunc, name, now }: { noTrunc: boolean; name?: (ref: string) => boolean; now: number },
): ImageRow[] {
  const refs: { repository: string; tag: string }[] =
    image.refs.length > 0
      ? image.refs.filter(ref => name?.(ref) ?? true).map(splitTag)
      : name
        ? []
        : [{ repository: repositoryOf(image), tag: NONE }];
  return refs.map(({ repository, tag }) => ({
    Containers: String(image.containers),
    CreatedAt: goTime(image.created),
    CreatedSince: `${humanDuration(now - image.created)} ago`,
    Digest: digestFor(image, repository) ?? NONE,
    ID: noTrunc ? image.id : image.id.slice('sha256:'.length, 'sha256:'.length + SHORT_ID),
    Repository: repository,
    SharedSize: 'N/A',
    Size: decimalSize(image.size),
    Tag: tag,
    UniqueSize: 'N/A',
    VirtualSize: decimalSize(image.size, 4),
  }));
}

/** An image that lost its tag is still known by the digest that it was loaded by. */
function repositoryOf({ digests }: ImageInfo): string {
  return digests[0]?.split('@', 1)[0] ?? NONE;
}

function digestFor({ digests }: ImageInfo, repository: string): string | undefined {
  return digests.find(digest => digest.startsWith(`${repository}@`))?.slice(repository.length + 1);
}

/**
 * Which images a command line asks for.
 *
 * @param pattern `busybox`, or `busybox:1.*`: of a repository without a tag all
 * @throws SkiffError INVALID_FILTER, INVALID_REFERENCE
 */
export function imageSelection(
  filters: readonly Filter[],
  pattern: string | undefined,
  images: readonly ImageInfo[],
): { images: ImageInfo[]; name?: (ref: string) => boolean } {
  const groups = groupFilters(filters, IMAGE_FILTERS);
  const dangling = toBoolean('dangling', groups.get('dangling')?.at(-1));
  const labels = groups.get('label') ?? [];
  const patterns = [
    ...(groups.get('reference') ?? []),
    ...(pattern === undefined ? [] : [withAnyTag(pattern)]),
  ];
  const before = createdOf(groups.get('before')?.at(-1), images);
  const since = createdOf(groups.get('since')?.at(-1), images);
  return {
    images: images.filter(
      image =>
        (dangling === undefined || dangling === (image.refs.length === 0)) &&
        labels.every(label => hasLabel(image, label)) &&
        (before === undefined || image.created < before) &&
        (since === undefined || image.created > since),
    ),
    ...(patterns.length > 0 && { name: (ref: string) => patterns.some(one => matches(one, ref)) }),
  };
}

function createdOf(reference: string | undefined, images: readonly ImageInfo[]): number | undefined {
  if (reference === undefined) return undefined;
  const { repository, tag } = parseReference(reference);
  const name = familiarName(`${repository}:${tag}`);
  const found = images.find(
    ({ id, refs }) =>
      refs.includes(name) || id.replace('sha256:', '').startsWith(reference.replace('sha256:', '')),
  );
  if (found) return found.created;
  throw invalidArgument(`no such image: ${reference}`, {
    code: 'IMAGE_NOT_FOUND',
    path: reference,
    exitCode: 1,
  });
}

function withAnyTag(pattern: string): string {
  return /:[^/]*$/.test(pattern) ? pattern : `${pattern}:*`;
}

/** Patterns of path.Match in Go: `*` and `?` do not stand for a slash. A pattern may leave the tag out. */
function matches(pattern: string, ref: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  try {
    return [ref, splitTag(ref).repository].some(text => new RegExp(`^${expression}$`).test(text));
  } catch (error) {
    if (errorCode(error) === undefined) throw invalidFilterValue('reference', pattern);
    throw error;
  }
}

function toBoolean(key: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalidFilterValue(key, value, 'It is true or false.');
}
