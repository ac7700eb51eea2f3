import type { IdRange } from '../../common/id-range';
import { native } from '../../native';
import type { ContainerStore, WantedIds } from '../../state';

/**
 * For a container that is made ahead: ids of users that no other container has, and namespaces with them, of users and of
 * the network. The claim names the container and this process, so that it is swept like that of a start which was killed.
 */
export class UserAhead {
  private readonly fds: number[];
  private used = false;

  private constructor(
    private readonly store: ContainerStore,
    private readonly id: string,
    readonly wanted: WantedIds,
    readonly range: IdRange,
    readonly namespaces: { user: number; network: number },
  ) {
    this.fds = [namespaces.user, namespaces.network];
  }

  /** @param id the container's */
  static async make(store: ContainerStore, id: string, wanted: WantedIds): Promise<UserAhead> {
    const range = store.ids.claim(id, wanted, store.owner);
    try {
      return new UserAhead(store, id, wanted, range, await native().makeUser({ ids: range }));
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

  /** Whoever needed the namespaces is in them, or nobody did. */
  [Symbol.dispose](): void {
    native().close({ fds: this.fds.splice(0) });
    if (!this.used) this.store.ids.free(this.id, this.range);
    this.used = true;
  }
}
