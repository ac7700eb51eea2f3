import fs from 'node:fs';
import { native } from '../native';
import { explain } from './errors';
import { containerPaths } from './paths';
import type { FileSystemOptions, MountOptions, StorageDriver } from './types';

/**
 * Make what a container writes to: `writeLayer/` (and `work/`, where the driver needs it) in its directory.
 * Where it fails, {@link deleteWriteLayer} removes what is there.
 */
export async function createWriteLayer(
  options: FileSystemOptions & { driver: StorageDriver },
): Promise<void> {
  const { writeLayer } = containerPaths(options.containerDir);
  await explain('write layer', writeLayer, () => options.driver.makeWriteLayer(options));
}

/**
 * Mount the container's file system on `mnt/` in its directory.
 * Where it fails, {@link deleteMountPoint} removes what is there.
 *
 * @returns path of the mount point
 */
export async function createMountPoint(options: MountOptions & { driver: StorageDriver }): Promise<string> {
  const { mountPoint } = containerPaths(options.containerDir);
  await explain(`mount ${options.driver.name}`, mountPoint, async () => {
    fs.mkdirSync(mountPoint, { mode: 0o700, recursive: true });
    await options.driver.mount(options);
  });
  return mountPoint;
}

/** Unmount (lazily where it is in use) and remove `mnt/`, whichever driver it was; not there is fine. */
export async function deleteMountPoint({ containerDir }: { containerDir: string }): Promise<void> {
  const { mountPoint } = containerPaths(containerDir);
  await explain('unmount', mountPoint, () => native().unmount({ target: mountPoint, remove: true }));
}

/** Unmount, and remove the container's whole directory: all that there is of it, in one go on the thread pool. */
export async function deleteContainerDirectory({ containerDir }: { containerDir: string }): Promise<void> {
  const { mountPoint } = containerPaths(containerDir);
  await explain('unmount', mountPoint, () =>
    native().unmount({ target: mountPoint, remove: true, tree: containerDir }),
  );
}

/** Remove what the container wrote; not there is fine. {@link deleteMountPoint} comes before it. */
export async function deleteWriteLayer({ containerDir }: { containerDir: string }): Promise<void> {
  const { writeLayer, work } = containerPaths(containerDir);
  await explain('delete write layer', writeLayer, () => native().removeTrees({ paths: [writeLayer, work] }));
}
