import fs from 'node:fs';
import { monotonicMs } from '../common/clock';
import { errorCode } from '../common/errors';
import { native } from '../native';
import { volumeBusy } from './errors';

/** Pauses between looks at a lock that somebody has, in ms: the first, and the longest. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

/** How long to wait at most, in ms: whoever has the lock may be copying gigabytes. */
const PATIENCE_MS = 600_000;

export interface LockOptions {
  shared?: boolean;
  wait?: boolean;
  check?: () => void;
}

/** A lock that the kernel drops when this process ends. */
export class VolumeLock {
  constructor(private fd: number) {}

  release(): void {
    if (this.fd >= 0) fs.closeSync(this.fd);
    this.fd = -1;
  }
}

/**
 * Lock a volume's directory. Nobody waits on a thread of the pool for it: whoever has the lock may need that thread.
 *
 * @param options.check called before each try: what it throws ends the waiting
 * @param options.shared others may have it at the same time, shared too
 * @param options.wait false: not at all
 * @returns undefined where the directory is gone
 * @throws SkiffError VOLUME_BUSY
 */
export async function lockVolume(
  directory: string,
  name: string,
  { shared = false, wait = true, check }: LockOptions = {},
): Promise<VolumeLock | undefined> {
  const deadline = monotonicMs() + (wait ? PATIENCE_MS : 0);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    check?.();
    const fd = openDirectory(directory);
    if (fd === undefined) return undefined;
    if (native().tryLock({ fd, exclusive: !shared })) return lockOf(fd, directory);
    fs.closeSync(fd);
    if (monotonicMs() >= deadline) throw volumeBusy(name);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

function openDirectory(directory: string): number | undefined {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  try {
    return fs.openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** A lock is worth something where what was opened still has its name. */
function lockOf(fd: number, directory: string): VolumeLock | undefined {
  const opened = fs.fstatSync(fd, { bigint: true });
  const there = fs.lstatSync(directory, { bigint: true, throwIfNoEntry: false });
  if (there?.ino === opened.ino && there.dev === opened.dev) return new VolumeLock(fd);
  fs.closeSync(fd);
  return undefined;
}
