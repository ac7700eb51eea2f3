import path from 'node:path';

/*
 * Paths of `cp` by Docker's rules (https://docs.docker.com/reference/cli/docker/container/cp): a trailing `/` says that it
 * is a directory, a trailing `/.` that its content is meant.
 */

/** The path ends in a slash, or in `.` alone: only a directory can be meant. */
export function assertsDirectory(given: string): boolean {
  return given.endsWith('/') || specifiesContent(given);
}

/** The content of a directory is meant, not the directory. */
export function specifiesContent(given: string): boolean {
  return given === '.' || given.endsWith('/.');
}

/** A path in a container: from `/` on, its `/` or `/.` at the end kept. */
export function containerPath(given: string): string {
  return keepEnd(path.posix.resolve('/', given), given);
}

/** A path of the host: from the working directory on, its `/` or `/.` at the end kept. */
export function localPath(given: string): string {
  return keepEnd(path.resolve(given), given);
}

/** What a source is called in an archive; '' where its content is meant, and for `/`. */
export function sourceName(absolute: string): string {
  return specifiesContent(absolute) ? '' : path.posix.basename(absolute);
}

/** The directory that a path is in and the name it has there, whatever it ends in. */
export function splitPath(absolute: string): { parent: string; base: string } {
  const clean = path.posix.resolve('/', absolute);
  return { parent: path.posix.dirname(clean), base: path.posix.basename(clean) };
}

function keepEnd(clean: string, given: string): string {
  if (specifiesContent(given)) return clean === '/' ? '/.' : `${clean}/.`;
  return given.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}
