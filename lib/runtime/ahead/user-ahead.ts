import type { IdRange } from '../../common/id-range';
import { native } from '../../native';
import type { ContainerStore, WantedIds } from '../../state';

/**
 * For a container that is made ahead: ids of users that no other container has, and namespaces with them, of users and of
 * the network. The claim names the container and this process, so that it is swept like that of a start which was killed.
 */
export class UserAhead {
  /** Those that it closes: of the user namespace, and of the network namespace as long as that was not taken. */
  private readonly fds: number[];
  private used = false;

  private constructor(
    private readonly store: ContainerStore,
    private readonly id: string,
    readonly wanted: WantedIds,
    readonly range: IdRange,
    /** Descriptor of the user namespace. */
    readonly namespace: number,
    network: number,
  ) {
    this.fds = [namespace, network];
  }

  /** @param id the container's */
  static async make(store: ContainerStore, id: string, wanted: WantedIds): Promise<UserAhead> {
    const range = store.ids.claim(id, wanted, store.owner);
    try {
      const { user, network } = await native().makeUser({ ids: range });
      return new UserAhead(store, id, wanted, range, user, network);
    } catch (error) {
      store.ids.free(id, range);
      throw error;
    }
  }

  get isUsed(): boolean {
    return this.used;
  }

  /** The range is the caller's to free from here on. */
  use(): IdRange {
    this.used = true;
    return this.range;
  }

  /** Descriptor of the network namespace, for `start`, which closes it. */
  takeNetwork(): number {
    return this.fds.splice(1)[0] ?? -1;
  }

  /** Whoever needed the namespaces is in them, or nobody did. */
  [Symbol.dispose](): void {
    native().close({ fds: this.fds.splice(0) });
    if (!this.used) this.store.ids.free(this.id, this.range);
    this.used = true;
  }
}
