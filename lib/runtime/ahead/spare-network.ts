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

  /** Its descriptor, for `start`, which closes it; -1: the clone has to make one. */
  takeNetwork(): number {
    const taken = this.spare;
    this.spare = -1;
    if (taken >= 0) this.reserve.giveBack();
    return taken;
  }

  async prepare(): Promise<void> {
    this.spare = await native().makeNetwork();
    this.reserve.borrow();
  }

  drop(): void {
    if (this.isReady) native().close({ fds: [this.takeNetwork()] });
  }
}
