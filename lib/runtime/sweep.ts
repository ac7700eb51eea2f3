import fs from 'node:fs';
import { removeLeftoverCgroup, type CgroupSetup } from '../cgroup';
import { debugLog } from '../common/debug';
import { errorCode, errorMessage } from '../common/errors';
import { isAliveHere, type ProcessIdentity } from '../common/identity';
import { statePaths, type ContainerStore, type FoundContainer } from '../state';
import { VolumeStore } from '../volumes';
import { removeRemains } from './removal';
import { volumeUsers } from './volumes';

const debug = debugLog('sweep');

/** How long to wait for a killed leftover's end, in ms, and how often to look. */
const END_TIMEOUT_MS = 5000;
const END_STEP_MS = 10;
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
    if (!store.isLeftover(found)) continue;
    try {
      await removeTogether(store, found, cgroups);
    } catch (error) {
      problems.push(
        `cannot remove what is left of container ${found.id.slice(0, 12)}: ${errorMessage(error)}`,
      );
    }
  }
  freeStaleNames(root, store);
  try {
    await new VolumeStore(root).sweep(volumeUsers(store));
  } catch (error) {
    problems.push(`cannot remove what is left of volumes: ${errorMessage(error)}`);
  }
  for (const problem of problems) debug('%s', problem);
  return problems;
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

/** Remove one container, whatever state it was found in. */
export async function removeLeftover(
  store: ContainerStore,
  found: FoundContainer,
  cgroups: CgroupSetup,
): Promise<void> {
  debug('removing %s (%s)', found.id, found.kind);
  const record = found.kind === 'record' ? found.record : undefined;
  if (record?.init && isAliveHere(record.init)) await end(record.init);
  // Killed between making its cgroup and noting it, a container is found by the directory's name.
  await removeLeftoverCgroup(cgroups, found.id, record?.cgroupPaths);
  const directory = found.kind === 'broken' ? found.directory : store.directory(found.id);
  await removeRemains({ containerDir: directory });
  if (record) store.freeName(record.name, found.id);
}

async function end(init: ProcessIdentity): Promise<void> {
  try {
    process.kill(init.pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself since it was looked at.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
  const deadline = Date.now() + END_TIMEOUT_MS;
  while (isAliveHere(init) && Date.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, END_STEP_MS));
  }
}

/** A name outlives its container where a process was killed between the two removals. */
function freeStaleNames(root: string, store: ContainerStore): void {
  let names: string[];
  try {
    names = fs.readdirSync(statePaths(root).names);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) {
    const holder = store.holderOf(name);
    if (holder === undefined || !fs.existsSync(store.directory(holder))) store.freeName(name, holder);
  }
}
