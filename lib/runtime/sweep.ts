import fs from 'node:fs';
import type { CgroupSetup } from '../cgroup';
import { debugLog } from '../common/debug';
import { errorCode, errorMessage } from '../common/errors';
import { sweepImages } from '../image/files';
import type { ContainerStore, FoundContainer } from '../state';
import { VolumeStore } from '../volumes';
import { ifUnlocked, withContainerLock } from './detached/lock';
import { repair } from './detached/repair';
import { sweepForgotten } from './image-users';
import { removeLeftover } from './leftover';
import { keptVolumes, volumeUsers } from './volumes';

const debug = debugLog('sweep');

const REMOVE_ATTEMPTS = 10;

/**
 * Remove what processes that are gone left of their containers: processes, mounts, cgroups, layers, records, names.
 * What lives is not touched: liveness is pid, start time and boot.
 *
 * @returns messages of what was not removed, and why; the next sweep tries again
 */
export async function sweep(root: string, store: ContainerStore, cgroups: CgroupSetup): Promise<string[]> {
  const problems: string[] = [];
  for (const found of store.list()) {
    if (found.kind === 'future') {
      problems.push(
        `container ${found.id.slice(0, 12)} was made by a later version of skiff: it is left alone`,
      );
    }
    try {
      await tidy(store, found, cgroups);
    } catch (error) {
      problems.push(
        `cannot remove what is left of container ${found.id.slice(0, 12)}: ${errorMessage(error)}`,
      );
    }
  }
  await freeStaleNames(store);
  await sweepForgotten(store);
  await sweepVolumes(root, store).catch((error: unknown) => {
    problems.push(`cannot remove what is left of volumes: ${errorMessage(error)}`);
  });
  for (const problem of problems) debug('%s', problem);
  return problems;
}

/**
 * Remove what killed processes left beside the containers: names, volumes, parts of images. For those who have looked at
 * all containers: where nothing is left, it costs no more than reading some directories.
 *
 * @param listed all containers
 */
export async function sweepListed(
  root: string,
  store: ContainerStore,
  listed: readonly { name: string }[],
): Promise<void> {
  const names = new Set(listed.map(({ name }) => name));
  try {
    if (store.names.all().some(name => !names.has(name))) await freeStaleNames(store);
    sweepIds(store);
    await sweepVolumes(root, store);
    await sweepImages(root);
    await sweepForgotten(store);
  } catch (error) {
    // Whoever only looks may have no right to remove anything.
    debug('%s', errorMessage(error));
  }
}

/** A range outlives its container where a process was killed between the two removals. */
function sweepIds(store: ContainerStore): void {
  store.ids.sweep(id => fs.existsSync(store.directory(id)));
}

function sweepVolumes(root: string, store: ContainerStore): Promise<void> {
  return new VolumeStore(root).sweep(volumeUsers(store), keptVolumes(store));
}

/**
 * What nobody looks after any more is removed or, where it is one that stays, brought to its end.
 *
 * @returns what there is of it now; undefined where it is gone
 */
export async function tidy(
  store: ContainerStore,
  found: FoundContainer,
  cgroups: CgroupSetup,
): Promise<FoundContainer | undefined> {
  if (store.isDeserted(found)) return repair(store, found, cgroups);
  if (!store.isLeftover(found)) return found;
  if (found.kind === 'record' && found.record.detached) return removeUnstarted(store, found.id, cgroups);
  await removeTogether(store, found, cgroups);
  return undefined;
}

/** A monitor that nobody waits for any more may be about to start it: it has the lock until the command runs. */
async function removeUnstarted(
  store: ContainerStore,
  id: string,
  cgroups: CgroupSetup,
): Promise<FoundContainer | undefined> {
  await withContainerLock(store.directory(id), async () => {
    const now = store.find(id);
    if (now && store.isLeftover(now)) await removeTogether(store, now, cgroups);
  }).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  return store.find(id);
}

/** Another sweep may be at work on the same one: what it took away from under this one is no failure. */
async function removeTogether(
  store: ContainerStore,
  found: FoundContainer,
  cgroups: CgroupSetup,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await removeLeftover(store, found, cgroups);
    } catch (error) {
      if (attempt === REMOVE_ATTEMPTS || !['ENOENT', 'ENOTEMPTY'].includes(errorCode(error) ?? ''))
        throw error;
    }
  }
}

/** A name outlives its container where a process was killed between the two removals, or its renaming. */
async function freeStaleNames(store: ContainerStore): Promise<void> {
  for (const name of store.names.all()) {
    const holder = store.names.holderOf(name);
    if (holder === undefined || !fs.existsSync(store.directory(holder))) store.names.free(name, holder);
    else if (hasOtherName(store, holder, name)) {
      await ifUnlocked(store.directory(holder), async () => {
        if (hasOtherName(store, holder, name)) store.names.free(name, holder);
      }).catch((error: unknown) => debug('cannot free the name %s: %s', name, errorMessage(error)));
    }
  }
}

function hasOtherName(store: ContainerStore, id: string, name: string): boolean {
  const found = store.find(id);
  return found?.kind === 'record' && found.record.name !== name;
}
