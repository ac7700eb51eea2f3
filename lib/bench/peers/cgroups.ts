import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../common/errors';

const CGROUPS = '/sys/fs/cgroup';
/** Ms that a helper of a peer, such as conmon, may outlive it. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 20;

/**
 * Remove what a peer leaves of its cgroup, and of those inside of it, in every hierarchy.
 *
 * @param name below the hierarchies' roots
 */
export async function removeCgroups(name: string): Promise<void> {
  for (const hierarchy of ['', ...fs.readdirSync(CGROUPS)])
    await removeTree(path.join(CGROUPS, hierarchy, name));
}

async function removeTree(directory: string): Promise<void> {
  try {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) await removeTree(path.join(directory, entry.name));
    await removeEmpty(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
  }
}

async function removeEmpty(directory: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return fs.rmdirSync(directory);
    } catch (error) {
      if (errorCode(error) !== 'EBUSY' || performance.now() > deadline) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
