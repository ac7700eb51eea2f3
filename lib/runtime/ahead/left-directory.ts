import type { ContainerStore } from '../../state';
import type { Discardable, Discards } from './discards';

/** The directory that a container has left, empty, for one that is made ahead: one is enough. */
export class LeftDirectory {
  private left: Discardable | undefined;

  constructor(
    private readonly store: ContainerStore,
    private readonly discards: Discards,
  ) {}

  /** Where a container that ends leaves its directory, unless another one has. */
  placeFor(id: string): string {
    return this.store.ahead(id);
  }

  /** @param ahead what `remove` has left at the place for this container */
  leave(ahead: number, id: string): void {
    const left = { ahead, directory: this.placeFor(id) };
    if (this.left) this.discards.add(left);
    else this.left = left;
  }

  take(): Discardable | undefined {
    const { left } = this;
    this.left = undefined;
    return left;
  }

  drop(): void {
    const left = this.take();
    if (left) this.discards.add(left);
  }
}
