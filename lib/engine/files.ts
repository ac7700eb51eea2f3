import path from 'node:path';
import { errorCode } from '../common/errors';
import { isAliveHere } from '../common/identity';
import { restoreMissing } from '../layers/hidden';
import { native } from '../native';
import { withContainerLock } from '../runtime/detached/lock';
import { findContainer } from '../runtime/find';
import type { ContainerStore } from '../state';
import { completeFiles, openStopped, type ContainerFiles, type Descriptors } from '../workspace';
import { requireReadable, type ContainerInfo } from './info';

/** The part of the runtime's context that looking into a container takes. */
export interface FilesContext {
  store: ContainerStore;
}

/** What a container's file system is made of. */
export function filesOf({ driver, layers, directory, ids }: ContainerInfo): ContainerFiles {
  const isShifted = ids !== undefined && ids.uid !== 0;
  return { root: path.resolve(directory, '..', '..'), driver, layers, containerDir: directory, isShifted };
}

/** Its processes exist, though they may be frozen. */
export function isRunning({ status, pid }: ContainerInfo): boolean {
  return pid !== undefined && status !== 'exited' && status !== 'dead';
}

/**
 * The root directory as the container's processes see it, with all that is mounted in it; of one that does not run, with
 * its volumes and binds.
 *
 * @param held owns the descriptor
 * @param options.writable it is going to be changed
 * @returns O_PATH descriptor
 */
export async function openRoot(
  { store }: FilesContext,
  info: ContainerInfo,
  held: Descriptors,
  { writable = false }: { writable?: boolean } = {},
): Promise<number> {
  // As it is now: it may have been started or have ended since it was looked up.
  const init = initOf(info, store);
  try {
    if (init && isAliveHere(init)) return held.hold(native().openProcessRoot(init));
  } catch (error) {
    // It has ended a moment ago.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
  const binds = info.mounts.filter(({ type }) => type !== 'tmpfs');
  return openStopped(filesOf(info), held, { writable, binds });
}

/**
 * A container that was created and never started has its files, too.
 *
 * @throws SkiffError where its record is not one to be read
 */
export async function requireFiles(info: ContainerInfo): Promise<void> {
  requireReadable(info);
  await restoreMissing(path.resolve(info.directory, '..', '..'), info.layers);
  if (info.status === 'created') await withContainerLock(info.directory, () => completeFiles(filesOf(info)));
}

function initOf({ id }: ContainerInfo, store: ContainerStore) {
  const found = findContainer(id, store);
  return found.kind === 'record' ? (found.record.state?.init ?? found.record.init) : undefined;
}
