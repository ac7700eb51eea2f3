import { errorCode } from '../common/errors';
import { native } from '../native';
import { volumeBusy } from './errors';

/** Pauses between looks at a lock that somebody has, in ms: the first, and the longest. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

/** How long to wait at most, in ms: whoever has the lock may be copying gigabytes. */
const PATIENCE_MS = 600_000;

/** A lock that the kernel drops when this process ends. */
export class VolumeLock {
  constructor(private fd: number) {}

  release(): void {
    if (this.fd >= 0) native().close({ fds: [this.fd] });
    this.fd = -1;
  }
}

/**
 * Lock a volume's directory. Nobody waits on a thread of the pool for it: whoever has the lock may need that thread.
 *
 * @param options.shared others may have it at the same time, shared too
 * @param options.wait false: not at all
 * @returns undefined where the directory is gone
 * @throws SkiffError VOLUME_BUSY
 */
export async function lockVolume(
  directory: string,
  name: string,
  { shared = false, wait = true }: { shared?: boolean; wait?: boolean } = {},
): Promise<VolumeLock | undefined> {
  const deadline = performance.now() + (wait ? PATIENCE_MS : 0);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      const fd = native().tryLockDirectory({ path: directory, shared });
      if (fd !== null) return new VolumeLock(fd);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
      throw error;
    }
    if (performance.now() >= deadline) throw volumeBusy(name);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}
