import { errorCode } from '../common/errors';
import { native } from '../native';

/** There are no more descriptors for this process, or for the machine. */
export function isShortage(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '');
}

/** Descriptors that a removal has open at once, and one more for whoever is quicker. */
const FEWEST = 3;
/** With what can be borrowed. */
const COUNT = 5;

/**
 * Descriptors held for the case that there are no others left: a container must be removable also then, since what made
 * them scarce may last.
 */
export class DescriptorReserve {
  private readonly held: number[] = [];
  private borrowed = 0;
  private closed = false;

  constructor() {
    this.fill();
  }

  /** One of them, if there is one to spare, is used for something that can be given up: there are as many descriptors. */
  borrow(): void {
    this.borrowed += 1;
    native().close({ fds: this.held.splice(this.wanted) });
  }

  /** It is in use no more: {@link fill} takes its place when there is time for it. */
  giveBack(): void {
    this.borrowed -= 1;
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
    this.closed = true;
    this.release();
  }

  private get wanted(): number {
    return this.closed ? 0 : Math.max(FEWEST, COUNT - this.borrowed);
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
