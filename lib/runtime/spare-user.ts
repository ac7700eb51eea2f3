import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import type { IdRange } from '../common/id-range';
import { native } from '../native';
import type { ContainerStore, WantedIds } from '../state';

const debug = debugLog('runtime');

/** Starts after which another one is taken for likely: a program that starts one container pays for no more. */
const LIKELY_AFTER = 2;
/** How long nothing is started or removed before one is made, in ms: work that is asked for comes first. */
const IDLE_MS = 2;
/** How long it is kept for a start that does not come, in ms. */
const KEPT_MS = 1000;

/**
 * A container's id, ids of users that no other container has, and namespaces with them: of users and of the network. The
 * claim names the id and this process, so that it is swept like that of a start which was killed.
 */
export class UserAhead {
  private readonly fds: number[];
  private used = false;

  constructor(
    private readonly store: ContainerStore,
    readonly id: string,
    private readonly range: IdRange,
    private readonly namespaces: { user: number; network: number },
  ) {
    this.fds = [namespaces.user, namespaces.network];
  }

  /** The range is the caller's to free from here on; undefined where it was another's before. */
  use(): IdRange | undefined {
    if (this.used) return undefined;
    this.used = true;
    return this.range;
  }

  /** Undefined where the container has other ids after all. */
  namespacesOf(ids: IdRange): { user: number; network: number } | undefined {
    return ids === this.range ? this.namespaces : undefined;
  }

  /** Whoever needed the namespaces is in them, or nobody did. */
  [Symbol.dispose](): void {
    native().close({ fds: this.fds.splice(0) });
    if (!this.used) this.store.ids.free(this.id, this.range);
    this.used = true;
  }
}

/** One of them that waits for the next start with as many ids: made while nobody waits, as {@link SpareNetwork} is. */
export class SpareUser {
  private spare: UserAhead | undefined;
  private making: Promise<void> | undefined;
  private wanted: WantedIds | undefined;
  private starts = 0;
  private idle: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly store: ContainerStore) {}

  /** What is there for a start with these ids; it is to be disposed of after the start. */
  take(wanted: WantedIds): UserAhead | undefined {
    this.starts += 1;
    clearTimeout(this.idle);
    const fits = this.wanted?.count === wanted.count && this.wanted.supply === wanted.supply;
    if (!fits) {
      this.drop();
      this.wanted = wanted;
    }
    const { spare } = this;
    this.spare = undefined;
    return spare;
  }

  /** Something was done: what follows at once comes first. */
  rest(): void {
    if (this.spare || this.starts < LIKELY_AFTER || this.closed) return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.prepare(), IDLE_MS).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.making;
    this.drop();
  }

  private drop(): void {
    clearTimeout(this.idle);
    this.spare?.[Symbol.dispose]();
    this.spare = undefined;
  }

  private prepare(): void {
    if (this.spare || this.making || this.closed || !this.wanted) return;
    this.making = this.make(this.wanted)
      .catch((error: unknown) => debug('no spare user namespace: %s', errorMessage(error)))
      .finally(() => {
        this.making = undefined;
      });
  }

  private async make(wanted: WantedIds): Promise<void> {
    const id = native().randomId();
    const range = this.store.ids.claim(id, wanted, this.store.owner);
    try {
      const made = new UserAhead(this.store, id, range, await native().makeUser({ ids: range }));
      // By now another number of ids is wanted, or none.
      if (this.wanted !== wanted || this.closed) return made[Symbol.dispose]();
      this.spare = made;
      this.idle = setTimeout(() => this.drop(), KEPT_MS).unref();
    } catch (error) {
      this.store.ids.free(id, range);
      throw error;
    }
  }
}
