/** One thing that waits for the next start, which takes it. */
export interface Spare {
  /** It is there, or nobody would want it. */
  readonly isReady: boolean;
  prepare(): Promise<void>;
  /** Give up what is there. */
  drop(): void | Promise<void>;
}
