/** Starts after which another one is taken for likely: a program that starts one container pays for no more. */
export const LIKELY_AFTER = 2;
/** How long something is kept for a start that does not come, in ms. */
export const KEPT_MS = 2000;

/** One thing that waits for the next start, which takes it. */
export interface Spare {
  /** It is there, or nobody would want it. */
  readonly isReady: boolean;
  prepare(): Promise<void>;
  /** Give up what is there. */
  drop(): void;
}
