import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../common/clock';
import { SkiffError } from '../../common/errors';
import { native } from '../../native';

/** How often to ask for a lock that somebody has, and how long, in ms: a start may have to copy a file system. */
const STEP_MS = 5;
const TIMEOUT_MS = 120_000;

/**
 * Do something while nobody else does something of the kind with the same container. The kernel drops the lock when this
 * process dies.
 *
 * @param directory the container's
 * @param action is given the descriptor that holds the lock
 * @throws SkiffError BUSY where somebody keeps it for two minutes; ENOENT where there is no such directory
 */
export async function withContainerLock<T>(
  directory: string,
  action: (lock: number) => Promise<T>,
): Promise<T> {
  const lock = await takeLock(directory);
  try {
    return await action(lock);
  } finally {
    fs.closeSync(lock);
  }
}

/** The same where nobody has the lock; undefined where somebody does. */
export async function ifUnlocked<T>(directory: string, action: () => Promise<T>): Promise<T | undefined> {
  const lock = tryLock(directory);
  if (lock === undefined) return undefined;
  try {
    return await action();
  } finally {
    fs.closeSync(lock);
  }
}

/** @returns a descriptor that holds it until it is closed; undefined where somebody else has it */
function tryLock(directory: string): number | undefined {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  if (native().tryLock({ fd, exclusive: true })) return fd;
  fs.closeSync(fd);
  return undefined;
}

async function takeLock(directory: string): Promise<number> {
  const end = monotonicMs() + TIMEOUT_MS;
  for (;;) {
    const lock = tryLock(directory);
    if (lock !== undefined) return lock;
    if (monotonicMs() > end) {
      throw new SkiffError(`cannot lock the container: ${directory}: another process has it`, {
        code: 'BUSY',
        path: directory,
        remedy: 'See who: lsof +d on that directory.',
      });
    }
    await sleep(STEP_MS);
  }
}
