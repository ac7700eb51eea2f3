import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import type { SpareNetwork } from './networks';
import type { DescriptorReserve } from './reserve';
import type { Spare } from './spare';
import type { SpareContainer } from './spare-container';
import type { SpareUser } from './spare-user';

const debug = debugLog('runtime');

/** Starts after which another one is taken for likely: a program that starts one container pays for no more. */
const LIKELY_AFTER = 2;
/** How long nothing is started or removed before anything is made, in ms: work that is asked for comes first. */
const IDLE_MS = 2;
/** How long it is kept for a start that does not come, in ms. */
const KEPT_MS = 1000;

/** What is made while nobody waits, for a start that is likely to come: bounded, and gone a moment after the last one. */
export class Spares {
  private starts = 0;
  private working = 0;
  private making: Promise<void> | undefined;
  private idle: NodeJS.Timeout | undefined;
  private kept: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    readonly network: SpareNetwork,
    readonly users: SpareUser,
    readonly containers: SpareContainer,
    private readonly reserve: DescriptorReserve,
  ) {}

  /** What a removal leaves for the next start will be of use. */
  get areLikely(): boolean {
    return this.starts >= LIKELY_AFTER && !this.closed;
  }

  /** One start. */
  async during<T>(start: () => Promise<T>): Promise<T> {
    this.starts += 1;
    this.working += 1;
    try {
      return await start();
    } finally {
      this.working -= 1;
      this.rest();
    }
  }

  /** Something was done: what follows at once comes first. */
  rest(): void {
    if (!this.areLikely) return;
    if (this.idle) this.idle.refresh();
    else this.idle = setTimeout(() => this.prepare(), IDLE_MS).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.idle);
    clearTimeout(this.kept);
    await this.making;
    for (const spare of this.all) await spare.drop();
  }

  private get all(): Spare[] {
    return [this.network, this.users, this.containers];
  }

  private prepare(): void {
    if (this.working > 0 || this.making || this.closed || this.all.every(({ isReady }) => isReady)) return;
    this.making = this.prepareAll().finally(() => {
      this.making = undefined;
      if (this.kept) this.kept.refresh();
      else this.kept = setTimeout(() => this.expire(), KEPT_MS).unref();
    });
  }

  private async prepareAll(): Promise<void> {
    for (const spare of this.all) {
      if (spare.isReady || this.closed) continue;
      // The next start makes its own, and tells what is wrong where that fails, too.
      await spare.prepare().catch((error: unknown) => debug('nothing made ahead: %s', errorMessage(error)));
    }
    this.reserve.fill();
  }

  private expire(): void {
    if (this.working > 0 || this.making) return void this.kept?.refresh();
    this.drop().catch((error: unknown) => debug('%s', errorMessage(error)));
  }

  private async drop(): Promise<void> {
    for (const spare of this.all) await spare.drop();
    this.reserve.fill();
  }
}
