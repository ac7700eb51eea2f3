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
    const { value } = this.storage.driver;
    const isUsual = value && !needsFuse(ids) && (made ?? value.name) === value.name;
    const takesThem = isUsual && value.refuses({ layers, root: this.root }) === undefined;
    return takesThem ? value : this.selectFor(layers, ids, made);
  }

  private async selectFor(
    layers: string[],
    ids: PlannedIds | undefined,
    made?: string,
  ): Promise<StorageDriver> {
    if (needsFuse(ids)) return selectShifting({ root: this.root, layers });
    const { asked } = this.storage;
    const driver = await this.storage.driver.get();
    if (made !== undefined && made !== driver.name)
      return selectDriver({ root: this.root, name: made, layers });
    if (driver.refuses({ layers, root: this.root }) === undefined) return driver;
    return selectDriver({ root: this.root, name: asked, layers });
  }
}
