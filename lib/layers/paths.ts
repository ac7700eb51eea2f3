import path from 'node:path';
import { workspaceError } from './errors';

/** PATH_MAX of <linux/limits.h>: a path's bytes with the NUL behind it. */
export const PATH_MAX = 4096;

/** Refuse a path that is longer than the kernel takes, path_resolution(7). */
export function checkPathLength(file: string): void {
  const bytes = Buffer.byteLength(file);
  if (bytes < PATH_MAX) return;
  const reason = `the path has ${bytes} bytes, the kernel takes ${PATH_MAX - 1}`;
  throw workspaceError('workspace', shortened(file), reason, { code: 'ENAMETOOLONG', path: file });
}

/** Both ends of a path that is too long for one line. */
export function shortened(file: string): string {
  return file.length <= 120 ? file : `${file.slice(0, 60)}...${file.slice(-50)}`;
}

/** The directory of unpacked layers, each under its digest in hexadecimal; what is being made is there, too. */
export function layersDirectory(root: string): string {
  return path.join(root, 'images', 'layers');
}

/** What is known of each layer beside its tree: a directory of the same name. */
export function layerFactsDirectory(root: string): string {
  return path.join(root, 'images', 'layer-facts');
}

/** The directory of links from tar files (by identity) to their digests. */
export function tarIndexDirectory(root: string): string {
  return path.join(root, 'images', 'tars');
}

/** Held while layers get their names and lose them: for milliseconds. */
export function layersLock(root: string): string {
  return path.join(root, 'images', 'layers.lock');
}
