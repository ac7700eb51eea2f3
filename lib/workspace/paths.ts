import { workspaceError } from '../layers/errors';
import { checkPathLength, PATH_MAX, shortened } from '../layers/paths';

/** Where the parts of a container's file system are. */
export interface ContainerPaths {
  /** What the container changed; with the vfs driver, the whole copy. */
  writeLayer: string;
  /** overlayfs's own. */
  work: string;
  /** The container's root directory, once mounted. */
  mountPoint: string;
}

/**
 * The paths below a container's directory.
 *
 * @throws SkiffError ENAMETOOLONG where the kernel could not take them
 */
export function containerPaths(containerDir: string): ContainerPaths {
  // Not by path.join(), which takes longer than making them.
  const paths = {
    writeLayer: `${containerDir}/writeLayer`,
    work: `${containerDir}/work`,
    mountPoint: `${containerDir}/mnt`,
  };
  checkPathLength(paths.writeLayer);
  return paths;
}

/** The same of a container whose write layer has a size: it is in the tmpfs on the mount point, below the union. */
export function writePaths(containerDir: string, size: number | undefined): ContainerPaths {
  const paths = containerPaths(containerDir);
  if (size === undefined) return paths;
  const inside = containerPaths(paths.mountPoint);
  return { ...inside, mountPoint: paths.mountPoint };
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
