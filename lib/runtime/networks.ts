import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import { native } from '../native';
import type { DescriptorReserve } from './reserve';

const debug = debugLog('runtime');

/** Starts after which another one is taken for likely: a program that starts one container pays for no more. */
const LIKELY_AFTER = 2;
/** How long nothing is started or removed before one is made, in ms: work that is asked for comes first. */
const IDLE_MS = 2;
/** How long it is kept for a start that does not come, in ms. */
const KEPT_MS = 1000;

/**
 * One network namespace that waits for the next start. The kernel takes longer to make one than for all other
 * namespaces together, and while it cleans up after others, milliseconds; this is done while nobody waits.
 */
export class SpareNetwork {
  private spare = -1;
  private making: Promise<void> | undefined;
  private starts = 0;
  private idle: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param reserve of whose descriptors it takes one */
  constructor(private readonly reserve: DescriptorReserve) {}

  /** One start with a network namespace of its own: with its descriptor, or -1 where the clone has to make it. */
  async during<T>(start: (network: number) => Promise<T>): Promise<T> {
    const taken = this.spare;
    this.spare = -1;
    this.starts += 1;
    clearTimeout(this.idle);
    try {
      return await start(taken);
    } finally {
      if (taken >= 0) this.give(taken);
      this.rest();
    }
  }

  /** Something was done: what follows at once comes first. */
  rest(): void {
    if (this.spare >= 0 || this.starts < LIKELY_AFTER || this.closed) return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.prepare(), IDLE_MS).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.idle);
    await this.making;
    clearTimeout(this.idle);
    this.drop();
  }

  private drop(): void {
    if (this.spare >= 0) this.give(this.spare);
    this.spare = -1;
  }

  private give(fd: number): void {
    native().close({ fds: [fd] });
    this.reserve.lending = false;
  }

  private prepare(): void {
    if (this.spare >= 0 || this.making || this.closed) return;
    this.making = native()
      .makeNetwork()
      .then(
        fd => {
          this.spare = fd;
          this.reserve.lending = true;
          this.idle = setTimeout(() => this.drop(), KEPT_MS).unref();
        },
        // The next start makes its own, and tells what is wrong where that fails, too.
        (error: unknown) => debug('no spare network namespace: %s', errorMessage(error)),
      )
      .finally(() => {
        this.making = undefined;
      });
  }
}
