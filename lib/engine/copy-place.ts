import path from 'node:path';
import { errorCode, SkiffError } from '../common/errors';
import { native, type NativeLookUp } from '../native';
import type { Descriptors } from '../workspace';
import { assertsDirectory, splitPath } from './copy-paths';

/** Where one end of a copy is: a container's root directory, or the host. */
export interface Place {
  /** -1: the host. */
  root: number;
  held: Descriptors;
  /** Name for messages; '' for the host. */
  container: string;
}

/** The type bits of a mode, inode(7). */
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const S_IFREG = 0o100000;

const MAX_LINKS = 10;

export function isDirectory({ mode }: Pick<NativeLookUp, 'mode'>): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** What a source's path leads to. A link at its end is followed where it is told to be a directory, or with `follow`. */
export async function findSource(
  place: Place,
  absolute: string,
  { follow }: { follow: boolean },
): Promise<NativeLookUp> {
  const found = await find(place, absolute, follow || assertsDirectory(absolute));
  if (found === null) throw notFound(place, absolute);
  return found;
}

/** Where a copy is to be put. */
export interface Destination {
  /** The directory that the copy goes into, or will be made in. */
  directory: number;
  /** What it is to be called there; undefined where it keeps its name. */
  rename?: string;
}

/**
 * Where a source goes, by Docker's rules: into a directory that is there; else over a file or under a new name, for
 * which the directory above has to be there.
 *
 * @throws SkiffError with Docker's wording
 */
export async function findDestination(
  place: Place,
  absolute: string,
  source: { isDirectory: boolean },
): Promise<Destination> {
  const { found, at } = await followLinks(place, absolute);
  if (found && isDirectory(found)) return { directory: found.fd };
  if (found) requireRegular(place, absolute, found);
  if (found && source.isDirectory) throw copyError('cannot copy directory', absolute);
  if (!source.isDirectory && assertsDirectory(absolute)) throw copyError('no such directory', absolute);
  const { parent, base } = splitPath(at);
  const directory = await find(place, parent, true);
  if (directory === null) throw noParent(place, parent);
  if (!isDirectory(directory)) throw copyError('not a directory', parent);
  return { directory: directory.fd, rename: base };
}

/** A directory that is there, for the content of an archive. */
export async function findDirectory(place: Place, absolute: string): Promise<number> {
  const found = await find(place, absolute, true);
  if (found === null || !isDirectory(found))
    throw copyError(`destination "${place.container}:${absolute}" must be a directory`, absolute);
  return found.fd;
}

async function find(place: Place, absolute: string, follow: boolean): Promise<NativeLookUp | null> {
  try {
    const found = await native().lookUp({ root: place.root, path: absolute, follow });
    if (found) place.held.hold(found.fd);
    return found;
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') throw copyError('not a directory', absolute, error);
    if (errorCode(error) === 'ELOOP') throw copyError('too many links', absolute, error);
    throw copyError(`cannot open: ${(error as Error).message}`, absolute, error);
  }
}

/** A link at the end of a destination's path is followed, also to what is not there yet. */
async function followLinks(
  place: Place,
  absolute: string,
): Promise<{ found: NativeLookUp | null; at: string }> {
  const direct = await find(place, absolute, true).catch((error: unknown) => {
    // A file's name with a slash behind it: told as what it is by the caller.
    if (errorCode(error) === 'ENOTDIR' && absolute.endsWith('/')) return null;
    throw error;
  });
  let at = splitPath(absolute);
  if (direct) return { found: direct, at: absolute };
  for (let links = 0; links < MAX_LINKS; links++) {
    const here = path.posix.join(at.parent, at.base);
    const link = await find(place, here, false);
    if (link === null || (link.mode & S_IFMT) !== S_IFLNK) return { found: link, at: here };
    at = splitPath(path.posix.resolve(at.parent, (link.target ?? Buffer.alloc(0)).toString()));
  }
  throw copyError('too many links', absolute);
}

function requireRegular({ container }: Place, absolute: string, { mode }: NativeLookUp): void {
  if ((mode & S_IFMT) === S_IFREG) return;
  const what = container ? `destination "${container}:${absolute}"` : `invalid output path: "${absolute}"`;
  throw copyError(`${what} must be a directory or a regular file`, absolute);
}

function notFound({ container }: Place, absolute: string): SkiffError {
  const message = container
    ? `could not find the file ${absolute} in container ${container}`
    : `lstat ${absolute}: no such file or directory`;
  return new SkiffError(message, { code: 'ENOENT', path: absolute, exitCode: 1 });
}

function noParent(place: Place, parent: string): SkiffError {
  if (place.container) return notFound(place, parent);
  const message = `invalid output path: directory "${parent}" does not exist`;
  return new SkiffError(message, { code: 'ENOENT', path: parent, exitCode: 1 });
}

function copyError(reason: string, file: string, cause?: unknown): SkiffError {
  const message = reason.includes('"') ? reason : `copy: ${file}: ${reason}`;
  return new SkiffError(message, {
    code: errorCode(cause) ?? 'COPY_REFUSED',
    path: file,
    exitCode: 1,
    cause,
  });
}
