import { errorCode } from '../common/errors';
import { native } from '../native';
import { endCompanion, startCompanion, type Companion } from './companion';

/**
 * A small process beside this one that outlives it: when this process is gone, however it went, the watchdog kills
 * the containers it was told of and restores the terminal. Where somebody kills the watchdog itself, another takes
 * its place.
 */
export class Watchdog {
  private readonly guarded = new Set<number>();
  /** What it is to be restored to is told again to the next watchdog: by then the terminal may be in raw mode. */
  private terminal: { fd: number; mode: Buffer } | undefined;
  /** The one that watches now; undefined until it is needed first. */
  private started: Promise<Companion> | undefined;
  /** Undefined while it is being started. */
  private present: Companion | undefined;
  /** The current one could not be started. */
  private failed = false;
  private stopped = false;

  /** @param init descriptor of the static init, whose program it is */
  constructor(private readonly init: number) {}

  private get current(): Promise<Companion> {
    return (this.started ??= this.watch(this.start()));
  }

  /** The same where nobody has to wait for it. */
  get companionNow(): Companion | undefined {
    return this.present;
  }

  /** The process that watches now. A start tells it of its container by itself; {@link adopt} must follow. */
  companion(): Promise<Companion> {
    // What was short then, such as processes, may not be so any more.
    if (this.failed) this.started = this.watch(this.start());
    return this.current;
  }

  /**
   * Keep a container under guard, whichever process watches. Call {@link leave} before its pidfd is closed.
   *
   * @param told the one that was told of it at its start
   * @param guarded whether that one still lived
   * @returns undefined where nothing is to be waited for
   */
  adopt(pidfd: number, told: Companion, guarded: boolean): Promise<void> | undefined {
    this.guarded.add(pidfd);
    return guarded && told === this.present ? undefined : this.guardAgain(pidfd, told, guarded);
  }

  private async guardAgain(pidfd: number, told: Companion, guarded: boolean): Promise<void> {
    const current = this.current;
    const companion = await current;
    // Ended meanwhile: the number may be another's.
    if ((companion === told && guarded) || !this.guarded.has(pidfd)) return;
    await this.inform(current, () => native().guard({ pipe: companion.pipe, pidfd }));
  }

  leave(pidfd: number): void {
    this.guarded.delete(pidfd);
  }

  /** From now on the terminal is restored to what it is at this moment. */
  async guardTerminal(fd: number): Promise<void> {
    const mode = native().terminalMode({ terminal: fd });
    const current = this.current;
    const { pipe } = await current;
    this.terminal = { fd, mode };
    await this.inform(current, () => native().guardTerminal({ pipe, terminal: fd, mode }));
  }

  async forgetTerminal(): Promise<void> {
    if (this.terminal === undefined) return;
    this.terminal = undefined;
    const current = this.current;
    const { pipe } = await current;
    await this.inform(current, () => native().forgetTerminal({ pipe }));
  }

  /** Tell it something. Where it was killed a moment ago its successor is told of all there is. */
  private async inform(current: Promise<Companion>, tell: () => void): Promise<void> {
    try {
      tell();
    } catch (error) {
      if (!isGone(error)) throw error;
      await this.replace(current);
    }
  }

  /** End it. What it still guards is killed. */
  async stop(): Promise<void> {
    this.stopped = true;
    const companion = await this.started?.catch(() => undefined);
    if (companion) await endCompanion(companion);
  }

  private async start(): Promise<Companion> {
    this.failed = false;
    const companion = await startCompanion(this.init, 'skiff-watchdog');
    this.tell(companion.pipe);
    return (this.present = companion);
  }

  /** Tell a new one of all that is under guard, the terminal included. */
  private tell(pipe: number): void {
    try {
      for (const pidfd of this.guarded) native().guard({ pipe, pidfd });
      if (this.terminal) {
        native().guardTerminal({ pipe, terminal: this.terminal.fd, mode: this.terminal.mode });
      }
    } catch (error) {
      // It was killed, too: its end is noticed, and the next one is told.
      if (!isGone(error)) throw error;
    }
  }

  /** Whatever becomes of it: at its end another one is started, and that it did not start is told by guard(). */
  private watch(companion: Promise<Companion>): Promise<Companion> {
    companion
      .then(({ ended }) => ended)
      .then(
        () => this.replace(companion),
        () => {
          this.failed = true;
        },
      )
      .catch(() => undefined);
    return companion;
  }

  /** Start another in place of one that was killed, once however many notice it. */
  private async replace(gone: Promise<Companion>): Promise<void> {
    // No await before the assignment: a second one would close a pipe that lives, and with it all containers.
    if (this.started === gone && !this.stopped) this.started = this.watch(this.succeed(gone));
    await this.current;
  }

  private async succeed(gone: Promise<Companion>): Promise<Companion> {
    this.present = undefined;
    const { pipe, ended } = await gone;
    await ended;
    native().close({ fds: [pipe] });
    return this.start();
  }
}

function isGone(error: unknown): boolean {
  return ['EPIPE', 'ECONNREFUSED', 'ECONNRESET'].includes(errorCode(error) ?? '');
}
