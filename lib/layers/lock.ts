import fs from 'node:fs';
import { SkiffError } from '../common/errors';
import { native } from '../native';

/** How long to wait before asking for a lock again, in ms; and for how long in all. */
const RETRY_MS = 5;
const TIMEOUT_MS = 60_000;

/**
 * Do something while holding a lock, which the kernel drops where this process dies.
 *
 * @param file made where it is missing, and left
 * @throws SkiffError LOCKED where others had it for a minute
 */
export async function withLock<T>(
  file: string,
  { shared }: { shared: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const fd = tryLock(file, !shared);
    // Not waited for in the kernel: that would take a thread of the pool, which the lock's holder may need.
    if (fd >= 0) return holding(fd, work);
    if (Date.now() > deadline) {
      throw new SkiffError(`images: ${file}: locked by another process for ${TIMEOUT_MS / 1000} s`, {
        code: 'LOCKED',
        path: file,
      });
    }
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
  }
}

/** The same, but where somebody else has a lock that excludes it, nothing is done. */
export async function whereUnlocked(file: string, work: () => Promise<void>): Promise<void> {
  const fd = tryLock(file, true);
  if (fd >= 0) await holding(fd, work);
}

/** @returns the descriptor that holds the lock; -1 where somebody has one that excludes it */
function tryLock(file: string, exclusive: boolean): number {
  const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW, 0o600);
  let isLocked = false;
  try {
    isLocked = native().tryLock({ fd, exclusive });
    return isLocked ? fd : -1;
  } finally {
    if (!isLocked) fs.closeSync(fd);
  }
}

async function holding<T>(fd: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    fs.closeSync(fd);
  }
}
