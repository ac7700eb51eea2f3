/** A timeout that is set many times before it comes, and keeps no event loop alive. */
export class Alarm {
  private timeout: NodeJS.Timeout | undefined;
  private isSet = false;

  constructor(
    private readonly ms: number,
    private readonly ring: () => void,
  ) {}

  /** It comes so many milliseconds after the last time this was called. */
  set(): void {
    // To begin one again is less than to clear it and to make another one.
    if (this.timeout) this.timeout.refresh();
    else this.timeout = setTimeout(() => this.comeUp(), this.ms).unref();
    this.isSet = true;
  }

  /** The same, unless it is to come already: it comes so many milliseconds after the first of these calls. */
  setOnce(): void {
    if (!this.isSet) this.set();
  }

  /** It does not come any more, unless it is set again. */
  stop(): void {
    clearTimeout(this.timeout);
    this.timeout = undefined;
    this.isSet = false;
  }

  private comeUp(): void {
    this.isSet = false;
    this.ring();
  }
}
