import fs from 'node:fs';
import { native } from '../native';
import { explain, workspaceError } from '../layers/errors';
import { containerPaths } from './paths';
import type { MountOptions, StorageDriver } from './types';

/**
 * Make what a container writes to: `writeLayer/` (and `work/`, where the driver needs it) in its directory.
 * Where it fails, {@link deleteWriteLayer} removes what is there.
 */
export async function createWriteLayer(options: MountOptions & { driver: StorageDriver }): Promise<void> {
  const { writeLayer } = containerPaths(options.containerDir);
  await explain('write layer', writeLayer, () => native().makeWriteLayer(options.driver.plan(options)));
}

/**
 * The same for a container that stays: what is there is kept, and it is there whole or not at all, whenever this process
 * is killed. The caller has the container's lock.
 */
export async function ensureWriteLayer(options: MountOptions & { driver: StorageDriver }): Promise<void> {
  const { writeLayer, work } = containerPaths(options.containerDir);
  if (fs.existsSync(writeLayer)) return;
  const unfinished = `${writeLayer}.new`;
  await explain('write layer', writeLayer, async () => {
    await native().removeTrees({ paths: [unfinished, work] });
    await native().makeWriteLayer({ ...options.driver.plan(options), writeLayer: unfinished });
    fs.renameSync(unfinished, writeLayer);
  });
}

/**
 * Mount the container's file system on `mnt/` in its directory.
 * Where it fails, {@link deleteMountPoint} removes what is there.
 *
 * @returns path of the mount point
 */
export async function createMountPoint(options: MountOptions & { driver: StorageDriver }): Promise<string> {
  const { mountPoint } = containerPaths(options.containerDir);
  await explain(`mount ${options.driver.name}`, mountPoint, () =>
    native().makeMountPoint(options.driver.plan(options)),
  );
  return mountPoint;
}

/** What a failure of the workspace's part of a start or of a removal means, by the step that it carries; undefined of another step. */
export function workspaceFailure(
  error: { step?: string },
  { driver, containerDir }: { driver: string; containerDir: string },
): Error | undefined {
  const { writeLayer, mountPoint } = containerPaths(containerDir);
  switch (error.step) {
    case 'container-directory':
      return workspaceError('container directory', containerDir, error, { step: error.step });
    case 'write-layer':
      return workspaceError('write layer', writeLayer, error, { step: error.step });
    case 'mount-point':
      return workspaceError(`mount ${driver}`, mountPoint, error, { step: error.step });
    case 'remove':
      return workspaceError('remove container', containerDir, error, { step: error.step });
    default:
      return undefined;
  }
}

/** Unmount (lazily where it is in use) and remove `mnt/`, whichever driver it was; not there is fine. */
export async function deleteMountPoint({ containerDir }: { containerDir: string }): Promise<void> {
  const { mountPoint } = containerPaths(containerDir);
  await explain('unmount', mountPoint, () => native().unmount({ target: mountPoint, remove: true }));
}

/** Remove what the container wrote; not there is fine. {@link deleteMountPoint} comes before it. */
export async function deleteWriteLayer({ containerDir }: { containerDir: string }): Promise<void> {
  const { writeLayer, work } = containerPaths(containerDir);
  await explain('delete write layer', writeLayer, () => native().removeTrees({ paths: [writeLayer, work] }));
}
