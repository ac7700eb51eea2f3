import fs from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../common/directories';
import { SkiffError } from '../common/errors';
import { removeLeftovers, temporaryName } from '../layers/owner';
import { native } from '../native';

/** Where the store of a root keeps what. */
export function imagePaths(root: string) {
  const images = path.join(root, 'images');
  const records = path.join(images, 'records');
  return {
    images,
    records,
    record: (hex: string) => path.join(records, `${hex}.json`),
    refs: path.join(images, 'refs.json'),
    /** Held while records and names are changed: for milliseconds. */
    lock: path.join(images, 'lock'),
    /** Held, shared, while layers are added of which no record tells yet. */
    addLock: path.join(images, 'adding.lock'),
  };
}

/** Write a file whole: it has its old content or the new one, at every moment and after a power cut. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const directory = path.dirname(file);
  const temporary = temporaryName(directory);
  try {
    const handle = await fs.promises.open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(temporary, file);
  } catch (error) {
    await fs.promises.rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/** What was made, renamed and removed in a directory reaches the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.promises.open(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Make the store's directories, and remove what killed processes left in them. */
export async function prepareImages(root: string): Promise<void> {
  const { images, records } = imagePaths(root);
  makeDirectories(records, 0o700);
  for (const directory of [images, records]) await removeLeftovers(directory);
}

/** How long to wait before asking for a lock again, in ms; and for how long in all. */
const RETRY_MS = 5;
const TIMEOUT_MS = 60_000;

/** Do something while holding a lock, which the kernel drops where this process dies. */
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
