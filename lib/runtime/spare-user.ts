import type { IdRange } from '../common/id-range';
import { native } from '../native';
import type { ContainerStore, WantedIds } from '../state';
import type { Spare } from './spare';

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

/** One of them that waits for the next start with as many ids. */
export class SpareUser implements Spare {
  private spare: UserAhead | undefined;
  private wanted: WantedIds | undefined;

  constructor(private readonly store: ContainerStore) {}

  get isReady(): boolean {
    return this.spare !== undefined || this.wanted === undefined;
  }

  /** What is there for a start with these ids; it is to be disposed of after the start. */
  take(wanted: WantedIds): UserAhead | undefined {
    const fits = this.wanted?.count === wanted.count && this.wanted.supply === wanted.supply;
    if (!fits) {
      this.drop();
      this.wanted = wanted;
    }
    const { spare } = this;
    this.spare = undefined;
    return spare;
  }

  drop(): void {
    this.spare?.[Symbol.dispose]();
    this.spare = undefined;
  }

  async prepare(): Promise<void> {
    const { wanted } = this;
    if (!wanted) return;
    const id = native().randomId();
    const range = this.store.ids.claim(id, wanted, this.store.owner);
    try {
      const made = new UserAhead(this.store, id, range, await native().makeUser({ ids: range }));
      // By now another number of ids is wanted.
      if (this.wanted !== wanted) return made[Symbol.dispose]();
      this.spare = made;
    } catch (error) {
      this.store.ids.free(id, range);
      throw error;
    }
  }
}
