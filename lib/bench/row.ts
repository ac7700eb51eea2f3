/** What a row's program does for one start; the table says it for each. */
export const FEATURES = [
  'pid, mount, uts, ipc namespaces',
  'network namespace',
  'own root',
  'own /proc, /sys, /dev',
  'overlay write layer',
  'memory limit',
  'capabilities dropped',
  'all removed at the end',
] as const;

export type Feature = (typeof FEATURES)[number];

/** One line of the benchmark: something that runs `true` to its end. */
export interface Row {
  name: string;
  /** What is run, in a few words. */
  title: string;
  does: readonly Feature[];
  /** What the reader must know beside that. */
  note?: string;
  /** Run one round; returns ms. Rejects where the round failed. */
  round(): Promise<number>;
  close?(): Promise<void> | void;
}

/** A row that this machine does not have, and why. */
export interface MissingRow {
  name: string;
  reason: string;
}

export const ALL_FEATURES: readonly Feature[] = FEATURES;
