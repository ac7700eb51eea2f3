import { errorCode } from '../common/errors';
import { native } from '../native';

/** There are no more descriptors for this process, or for the machine. */
export function isShortage(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '');
}

/** Descriptors that a removal has open at once, one more for whoever is quicker, and what can be borrowed. */
const COUNT = 6;

/**
 * Descriptors held for the case that there are no others left: a container must be removable also then, since what made
 * them scarce may last.
 */
export class DescriptorReserve {
  private readonly held: number[] = [];
  private wanted = COUNT;

  constructor() {
    this.fill();
  }

  /** One of them is used for something that can be given up as well: the number of descriptors stays the same. */
  borrow(): void {
    this.wanted -= 1;
    native().close({ fds: this.held.splice(this.wanted) });
  }

  /** It is in use no more: {@link fill} takes its place when there is time for it. */
  giveBack(): void {
    this.wanted += 1;
  }

  /** Do something with so many more descriptors to be had. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    this.release();
    try {
      return await work();
    } finally {
      this.fill();
    }
  }

  /** Nothing is going to be removed any more. */
  close(): void {
    this.wanted = -Infinity;
    this.release();
  }

  private release(): void {
    native().close({ fds: this.held.splice(0) });
  }

  /** As many as there should be, as far as they are to be had. */
  fill(): void {
    try {
      while (this.held.length < this.wanted) this.held.push(native().openNull());
    } catch (error) {
      // Filled up again after the next removal.
      if (!isShortage(error)) throw error;
    }
  }
}
