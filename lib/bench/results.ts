import type { Measured } from './measure';
import type { MemoryResult } from './memory';
import type { Machine } from './machine';
import type { Feature, MissingRow } from './row';
import { median, ratios, summarize, bootstrapMedian, type Summary } from './statistics';

/** One row's figures, in ms. */
export interface RowResult extends Summary {
  name: string;
  title: string;
  does: readonly Feature[];
  note?: string;
  /** Rounds that failed, and the first one's message. */
  failed: number;
  failure?: string;
}

/** How much longer one row took than another in the same round: the median over the rounds and its 95 % interval. */
export interface Ratio {
  of: string;
  to: string;
  median: number;
  low: number;
  high: number;
}

/** What `--format json` prints and `--check` reads. */
export interface BenchResult {
  version: 1;
  machine: Machine;
  rounds: number;
  rows: RowResult[];
  missing: MissingRow[];
  ratios: Ratio[];
  /** Where all rows were measured. */
  memory?: MemoryResult;
}

/** Every row is compared with this one. */
const BASE = 'floor';
/** And these with each other. */
const PAIRS: [of: string, to: string][] = [
  ['skiff run', 'node -e 0'],
  ['skiff --help', 'node -e 0'],
  ['skiff run', 'podman'],
  ['skiff run', 'docker'],
  ['skiff API', 'spawn'],
  ['skiff API warm', 'spawn'],
  ['skiff API', 'bwrap'],
  ['skiff API', 'crun'],
  ['skiff API', 'runc'],
  ['skiff API', 'podman'],
  ['skiff API', 'sandbox-runtime'],
];

/** Put the figures together. */
export function toResult(
  measured: readonly Measured[],
  { machine, missing }: { machine: Machine; missing: MissingRow[] },
): BenchResult {
  const useful = measured.filter(({ times }) => times.some(time => time !== undefined));
  const failed = measured.filter(result => !useful.includes(result));
  return {
    version: 1,
    machine,
    rounds: Math.max(0, ...measured.map(({ times }) => times.length)),
    rows: useful.map(toRow),
    missing: [
      ...missing,
      ...failed.map(({ row, failure = 'no round' }) => ({ name: row.name, reason: failure })),
    ],
    ratios: toRatios(useful),
  };
}

function toRow({ row, times, failure }: Measured): RowResult {
  const good = times.filter(time => time !== undefined);
  const { name, title, does, note } = row;
  return { name, title, does, note, ...summarize(good), failed: times.length - good.length, failure };
}

function toRatios(measured: readonly Measured[]): Ratio[] {
  const timesOf = (name: string) => measured.find(({ row }) => row.name === name)?.times;
  const pairs = [...measured.map(({ row }): [string, string] => [row.name, BASE]), ...PAIRS];
  return pairs.flatMap(([of, to]) => {
    const [times, base] = [timesOf(of), timesOf(to)];
    if (!times || !base || of === to) return [];
    const values = ratios(times, base);
    if (values.length === 0) return [];
    const [low, high] = bootstrapMedian(values);
    return [{ of, to, median: median(values), low, high }];
  });
}

/** The ratio of two rows, where both were measured. */
export function findRatio(result: BenchResult, of: string, to: string): Ratio | undefined {
  return result.ratios.find(ratio => ratio.of === of && ratio.to === to);
}
