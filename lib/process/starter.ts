import { monotonicMs } from '../common/clock';
import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import { native } from '../native';
import { endCompanion, startCompanion, type Companion } from './companion';

const debug = debugLog('runtime');

/** Starts from which on it pays: the ones before are made without. */
const WORTH_IT_FROM = 2;
/** How long after an attempt another one is made, in ms: where it is killed again and again, starts go without. */
const AGAIN_AFTER_MS = 1000;

/**
 * A process with the init's program, which makes inits that need not load it: csrc/core/starter.h. Starts do without where
 * there is none.
 */
export class Starter {
  /** What it has made has this user's rights, whoever the caller is by then. */
  private readonly user = process.geteuid?.();
  private asked = 0;
  private triedMs = -Infinity;
  private starting: Promise<void> | undefined;
  private present: Companion | undefined;
  /** It ended by itself: this machine does not let it do its work. */
  private isUseless = false;
  private stopped = false;

  /** @param init descriptor of the static init, whose program it is */
  constructor(private readonly init: number) {}

  /** Its pipe, for one start; -1 where there is none. */
  next(): number {
    this.asked += 1;
    if (process.geteuid?.() !== this.user) return -1;
    if (this.present) return this.present.pipe;
    if (this.asked >= WORTH_IT_FROM && !this.isUseless && !this.starting && !this.stopped) this.begin();
    return -1;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.starting;
    const companion = this.present;
    this.present = undefined;
    if (companion) await endCompanion(companion);
  }

  private begin(): void {
    const now = monotonicMs();
    if (now - this.triedMs < AGAIN_AFTER_MS) return;
    this.triedMs = now;
    this.starting = this.start()
      .catch((error: unknown) => debug('no starter: %s', errorMessage(error)))
      .finally(() => {
        this.starting = undefined;
      });
  }

  private async start(): Promise<void> {
    const companion = await startCompanion(this.init, 'skiff-starter');
    this.present = companion;
    void companion.ended.then(({ code }) => {
      if (this.present !== companion) return;
      this.present = undefined;
      this.isUseless = code !== null;
      native().close({ fds: [companion.pipe] });
    });
  }
}
