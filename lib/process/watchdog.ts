import { errorCode } from '../common/errors';
import { native } from '../native';

/**
 * A small process beside this one that outlives it: when this process is gone, however it went, the watchdog kills
 * the containers it was told of and restores the terminal. Where somebody kills the watchdog itself, another takes
 * its place.
 */
export class Watchdog {
  private readonly guarded = new Set<number>();
  private terminal: number | undefined;
  private pipe: Promise<number>;
  private ended: Promise<void> = Promise.resolve();
  private stopped = false;

  /** @param init descriptor of the static init, whose program it is */
  constructor(private readonly init: number) {
    this.pipe = this.start();
    // Told by guard(), which every start waits for.
    this.pipe.catch(() => undefined);
  }

  /** Resolves when the process is under guard. Call {@link leave} before its pidfd is closed. */
  async guard(pidfd: number): Promise<void> {
    const pipe = await this.pipe;
    this.guarded.add(pidfd);
    try {
      native().guard({ pipe, pidfd });
    } catch (error) {
      // The watchdog was killed a moment ago; its successor is told of all that is in the set.
      if (!isGone(error)) throw error;
      await this.replace();
    }
  }

  leave(pidfd: number): void {
    this.guarded.delete(pidfd);
  }

  /** From now on the terminal is restored to what it is at this moment. */
  async guardTerminal(terminal: number): Promise<void> {
    native().guardTerminal({ pipe: await this.pipe, terminal });
    this.terminal = terminal;
  }

  async forgetTerminal(): Promise<void> {
    if (this.terminal === undefined) return;
    this.terminal = undefined;
    native().forgetTerminal({ pipe: await this.pipe });
  }

  /** End it. What it still guards is killed. */
  async stop(): Promise<void> {
    this.stopped = true;
    const pipe = await this.pipe.catch(() => undefined);
    if (pipe === undefined) return;
    native().close({ fds: [pipe] });
    // Its watch is a background one: something must keep the event loop alive until it is reaped.
    const keepAlive = setInterval(() => undefined, 1000);
    await this.ended;
    clearInterval(keepAlive);
  }

  private async start(): Promise<number> {
    const { pipe, pidfd } = await native().startWatchdog({ init: this.init });
    this.ended = new Promise(resolve => {
      native().watchExit({ pidfd, background: true }, () => {
        resolve();
        if (!this.stopped) this.replace().catch(() => undefined);
      });
    });
    return pipe;
  }

  /** Start another in place of one that was killed, once however many notice it. */
  private async replace(): Promise<void> {
    const old = this.pipe;
    await this.ended;
    if (this.pipe === old) {
      native().close({ fds: [await old] });
      this.pipe = this.start();
      const pipe = await this.pipe;
      for (const pidfd of this.guarded) native().guard({ pipe, pidfd });
    }
    await this.pipe;
  }
}

function isGone(error: unknown): boolean {
  return ['EPIPE', 'ECONNREFUSED', 'ECONNRESET'].includes(errorCode(error) ?? '');
}
