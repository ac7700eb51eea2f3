import { Alarm } from '../../common/alarm';
import { debugLog } from '../../common/debug';
import { errorMessage } from '../../common/errors';
import type { Discards } from './discards';
import type { LeftDirectories } from './left-directories';
import type { SpareNetwork } from './spare-network';
import type { DescriptorReserve } from '../reserve';
import { KEPT_MS, LIKELY_AFTER, type Spare } from './spare';
import type { SpareContainers } from './spare-containers';

const debug = debugLog('runtime');

/** How long nothing is started or removed before anything is made, in ms: work that is asked for comes first. */
const IDLE_MS = 2;
/**
 * The same as long as the container that was started last still runs, which is over in a moment as a rule. What is made
 * meanwhile would take the processors from it: where a start takes longest, that was a fifth of its time.
 */
const SHORT_LIFE_MS = 20;

/** What is made while nobody waits, for a start that is likely to come: bounded, and gone a moment after the last one. */
export class Spares {
  private starts = 0;
  private working = 0;
  /** Stands for the container that was started last, as long as it runs. */
  private latest: object | undefined;
  private making: Promise<void> | undefined;
  private readonly idle = new Alarm(IDLE_MS, () => !this.latest && this.prepare());
  private readonly waited = new Alarm(SHORT_LIFE_MS, () => this.latest && this.prepare());
  /** Comes twice in the time that what no start takes is kept. */
  private readonly kept = new Alarm(KEPT_MS / 2, () => this.expire());
  /** Something was done since it came. */
  private isUsed = false;
  private closed = false;

  constructor(
    readonly network: SpareNetwork,
    readonly containers: SpareContainers,
    readonly left: LeftDirectories,
    private readonly discards: Discards,
    private readonly reserve: DescriptorReserve,
  ) {}

  /** What a removal leaves for the next start will be of use. */
  get areLikely(): boolean {
    return this.starts >= LIKELY_AFTER && !this.closed;
  }

  /** One start, of what runs until `exited` resolves. */
  async during<T extends { init: { exited: Promise<unknown> } }>(start: () => Promise<T>): Promise<T> {
    this.starts += 1;
    this.working += 1;
    try {
      const started = await start();
      this.watch(started.init.exited);
      return started;
    } finally {
      this.working -= 1;
      this.rest();
    }
  }

  /** Something was done: what follows at once comes first. */
  rest(): void {
    if (!this.areLikely) return;
    this.isUsed = true;
    (this.latest ? this.waited : this.idle).set();
    this.kept.setOnce();
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const alarm of [this.idle, this.waited, this.kept]) alarm.stop();
    await this.making;
    await this.drop();
  }

  private watch(exited: Promise<unknown>): void {
    const latest = (this.latest = {});
    void exited.then(() => {
      if (this.latest === latest) this.latest = undefined;
    });
  }

  private get all(): Spare[] {
    return [this.network, this.containers];
  }

  private prepare(): void {
    if (this.working > 0 || this.making || this.closed || this.all.every(({ isReady }) => isReady)) return;
    this.making = this.prepareAll().finally(() => {
      this.making = undefined;
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
    const isInUse = this.working > 0 || this.making !== undefined || this.isUsed;
    this.isUsed = false;
    if (isInUse) return this.kept.set();
    this.drop().catch((error: unknown) => debug('%s', errorMessage(error)));
  }

  private async drop(): Promise<void> {
    for (const spare of this.all) spare.drop();
    this.left.drop();
    await this.discards.settled();
    this.reserve.fill();
  }
}
