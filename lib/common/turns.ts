/** So many at once, the others in the order in which they came. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private ending: (() => void) | undefined;
  private ended = false;
  /** Turns that somebody has. */
  taken = 0;

  constructor(private readonly limit: number) {}

  /**
   * Resolves when it is the caller's turn, or {@link end} was called meanwhile. {@link giveBack} must follow.
   *
   * @returns whether it had to wait
   */
  async take(): Promise<boolean> {
    if (this.takeNow()) return false;
    // Handed over by who has it, so that nobody who comes later slips in.
    await new Promise<void>(resolve => this.waiting.push(resolve));
    return true;
  }

  /** Do something in one's turn. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (!this.takeNow()) await this.take();
    try {
      return await work();
    } finally {
      this.giveBack();
    }
  }

  /** Where nobody has to wait. */
  private takeNow(): boolean {
    const isFree = this.taken < this.limit || this.ended;
    if (isFree) this.taken += 1;
    return isFree;
  }

  giveBack(): void {
    const next = this.waiting.shift();
    if (next) return next();
    this.taken -= 1;
    if (this.taken === 0) this.ending?.();
  }

  /** Let everybody who waits go on at once; resolves when all turns are given back. */
  async end(): Promise<void> {
    this.ended = true;
    this.taken += this.waiting.length;
    for (const resolve of this.waiting.splice(0)) resolve();
    if (this.taken > 0) await new Promise<void>(resolve => (this.ending = resolve));
  }
}
