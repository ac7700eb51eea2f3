import path from 'node:path';
import { workspaceError } from './errors';

/** Where the parts of a container's file system are. */
export interface ContainerPaths {
  /** What the container changed; with the vfs driver, the whole copy. */
  writeLayer: string;
  /** overlayfs's own. */
  work: string;
  /** The container's root directory, once mounted. */
  mountPoint: string;
}

/** PATH_MAX of <linux/limits.h>: a path's bytes with the NUL behind it. */
const PATH_MAX = 4096;

/**
 * The paths below a container's directory.
 *
 * @throws SkiffError ENAMETOOLONG where the kernel could not take them
 */
export function containerPaths(containerDir: string): ContainerPaths {
  const paths = {
    writeLayer: path.join(containerDir, 'writeLayer'),
    work: path.join(containerDir, 'work'),
    mountPoint: path.join(containerDir, 'mnt'),
  };
  checkPathLength(paths.writeLayer);
  return paths;
}

/** What skiff's longest path below a root takes: the directory of a container under construction, with its record. */
const BELOW_ROOT = 256;

/** Refuse a root directory below which paths would be longer than the kernel takes. */
export function checkRootLength(root: string): void {
  const bytes = Buffer.byteLength(root);
  if (bytes < PATH_MAX - BELOW_ROOT) return;
  const reason = `the path has ${bytes} bytes, skiff takes ${PATH_MAX - BELOW_ROOT - 1}`;
  throw workspaceError('root directory', shortened(root), reason, { code: 'ENAMETOOLONG', path: root });
}

/** Refuse a path that is longer than the kernel takes, path_resolution(7). */
export function checkPathLength(file: string): void {
  const bytes = Buffer.byteLength(file);
  if (bytes < PATH_MAX) return;
  const reason = `the path has ${bytes} bytes, the kernel takes ${PATH_MAX - 1}`;
  throw workspaceError('workspace', shortened(file), reason, { code: 'ENAMETOOLONG', path: file });
}

/** Both ends of a path that is too long for one line. */
function shortened(file: string): string {
  return file.length <= 120 ? file : `${file.slice(0, 60)}...${file.slice(-50)}`;
}

/** The directory of unpacked layers, each under its digest in hexadecimal. */
export function layersDirectory(root: string): string {
  return path.join(root, 'images', 'layers');
}

/** The directory of links from tar files (by identity) to their digests. */
export function tarIndexDirectory(root: string): string {
  return path.join(root, 'images', 'tars');
}
