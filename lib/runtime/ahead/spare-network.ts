import { native } from '../../native';
import type { DescriptorReserve } from '../reserve';
import type { Spare } from './spare';

/**
 * One network namespace that waits for the next start. The kernel takes longer to make one than for all other
 * namespaces together, and while it cleans up after others, milliseconds.
 */
export class SpareNetwork implements Spare {
  private spare = -1;

  /** @param reserve of whose descriptors it takes one */
  constructor(private readonly reserve: DescriptorReserve) {}

  get isReady(): boolean {
    return this.spare >= 0;
  }

  /** One start with a network namespace of its own: with its descriptor, or -1 where the clone has to make it. */
  async during<T>(start: (network: number) => Promise<T>): Promise<T> {
    const taken = this.spare;
    this.spare = -1;
    try {
      return await start(taken);
    } finally {
      if (taken >= 0) this.give(taken);
    }
  }

  async prepare(): Promise<void> {
    this.spare = await native().makeNetwork();
    this.reserve.borrow();
  }

  drop(): void {
    if (this.spare >= 0) this.give(this.spare);
    this.spare = -1;
  }

  private give(fd: number): void {
    native().close({ fds: [fd] });
    this.reserve.giveBack();
  }
}
