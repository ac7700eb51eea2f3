import type { ContainerStore } from '../../state';
import type { Discardable, Discards } from './discards';

/** The directories that containers have left, empty, for others: a few, as many as the addon lets them leave. */
export class LeftDirectories {
  private readonly left: Discardable[] = [];

  constructor(
    private readonly store: ContainerStore,
    private readonly discards: Discards,
  ) {}

  /** Where a container that ends leaves its directory, unless enough others have. */
  placeFor(id: string): string {
    return this.store.ahead(id);
  }

  /** @param ahead what `remove` has left at the place for this container */
  leave(ahead: number, id: string): void {
    this.left.push({ ahead, directory: this.placeFor(id) });
  }

  take(): Discardable | undefined {
    return this.left.pop();
  }

  drop(): void {
    for (const left of this.left.splice(0)) this.discards.add(left);
  }
}
