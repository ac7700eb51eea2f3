import type { Lazy } from '../common/lazy';
import type { PlannedIds } from '../runtime/ids';
import { selectDriver, type StorageDriver } from '../workspace';
import { selectShifting } from './shifting-driver';
import { needsFuse } from './user-namespace';

/** Which storage driver each container of a root has. */
export class Drivers {
  /** @param storage the driver that was asked for, and the one that was chosen at the opening */
  constructor(
    private readonly root: string,
    private readonly storage: { asked: string; driver: Lazy<StorageDriver> },
  ) {}

  /**
   * The driver chosen at the opening may not be able to take every directory as a layer.
   *
   * @param made name of the driver whose write layer there is already: no other can read it
   */
  for(layers: string[], ids: PlannedIds | undefined, made?: string): StorageDriver | Promise<StorageDriver> {
    if (needsFuse(ids)) return selectShifting({ root: this.root, layers });
    const { driver } = this.storage;
    return driver.value
      ? this.orOther(driver.value, layers, made)
      : driver.get().then(chosen => this.orOther(chosen, layers, made));
  }

  private orOther(
    chosen: StorageDriver,
    layers: string[],
    made: string | undefined,
  ): StorageDriver | Promise<StorageDriver> {
    const { root, storage } = this;
    if (made !== undefined && made !== chosen.name) return selectDriver({ root, name: made, layers });
    if (chosen.refuses({ layers, root }) === undefined) return chosen;
    return selectDriver({ root, name: storage.asked, layers });
  }
}
