import fs from 'node:fs';
import { debugLog } from './debug';
import { errorMessage } from './errors';

/** At the latest after that the caller looks again, in ms: for what no notice tells, as a killed process. */
const POLL_MS = 1000;
/** The same where the kernel gives no notices: it has no watches left, inotify(7). */
const BLIND_POLL_MS = 100;

const debug = debugLog('changes');

/** Tells when something changes in a directory. Notices that come while nobody waits are kept. */
export class Changes {
  private readonly watcher: fs.FSWatcher | undefined;
  private isBlind = false;
  private readonly changed = new Set<string>();
  private wake: (() => void) | undefined;

  constructor(directory: string) {
    try {
      this.watcher = fs.watch(directory, (_, name) => this.note(name ?? ''));
      this.watcher.on('error', error => this.goBlind(error));
    } catch (error) {
      this.goBlind(error);
    }
  }

  /**
   * Resolves when something has changed since the last call, after a while in any case, and when the signal aborts.
   *
   * @param until milliseconds since the epoch: at the latest just after that
   * @returns the names of what has changed; none: a while has passed
   */
  async next({ until, signal }: { until: number; signal?: AbortSignal }): Promise<Set<string>> {
    const ms = Math.min(this.isBlind ? BLIND_POLL_MS : POLL_MS, until - Date.now() + 1);
    if (this.changed.size === 0 && !signal?.aborted) await this.sleep(Math.max(0, ms), signal);
    const changed = new Set(this.changed);
    this.changed.clear();
    return changed;
  }

  close(): void {
    this.watcher?.close();
  }

  private async sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>(resolve => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener('abort', wake);
      this.wake = wake;
    });
  }

  private note(name: string): void {
    this.changed.add(name);
    this.wake?.();
  }

  private goBlind(error: unknown): void {
    debug('no notices of changes: %s', errorMessage(error));
    this.isBlind = true;
  }
}
