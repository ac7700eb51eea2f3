import type { Measured } from '../measure';
import type { BenchSession } from '../session';
import { bootstrapMedian, median, quantile, ratios } from '../statistics';

/** How one figure compares with another: the median and its 95 % interval. */
export interface AxisRatio {
  /** What with: `1 layer`. */
  to: string;
  median: number;
  low: number;
  high: number;
}

/** One figure of one axis. */
export interface AxisPoint {
  axis: string;
  /** Where on the axis: `8`, `1087 MiB`. */
  at: string;
  name: string;
  medianMs: number;
  p99Ms: number;
  /** Starts per second; only where several are on at the same time. */
  perSecond?: number;
  /** Coefficient of variation; only where it is what the axis is about. */
  variation?: number;
  /** With what this is to be compared. */
  ratios: AxisRatio[];
  /** Rounds that failed, and the first one's message. */
  failed: number;
  failure?: string;
}

export interface AxisOptions {
  /** Starts for each figure; fewer where the time is up before. */
  rounds: number;
  /** Ms after which no round of this axis is begun. */
  limitMs: number;
  signal?: AbortSignal;
}

/** Something that a start's cost could grow with. */
export interface Axis {
  name: string;
  measure(session: BenchSession, options: AxisOptions): Promise<AxisPoint[]>;
}

/** A row's times at one place of an axis. */
export function pointOf(
  axis: string,
  at: string,
  { row, times, failure }: Measured,
  compared: readonly AxisRatio[] = [],
): AxisPoint {
  const good = times.filter(time => time !== undefined);
  const point = {
    axis,
    at,
    name: row.name,
    ratios: [...compared],
    failed: times.length - good.length,
    failure,
  };
  if (good.length === 0) return { ...point, medianMs: NaN, p99Ms: NaN };
  return { ...point, medianMs: median(good), p99Ms: quantile(good, 0.99) };
}

/** Round by round; nothing where no round of both went well. */
export function compareTimes(
  to: string,
  times: readonly (number | undefined)[],
  base: readonly (number | undefined)[],
): AxisRatio[] {
  return ratioOf(to, ratios(times, base));
}

/** Medians of two series that were not taken in the same rounds. */
export function compareMedians(
  to: string,
  times: readonly (number | undefined)[],
  base: readonly (number | undefined)[],
): AxisRatio[] {
  const middle = base.filter(time => time !== undefined);
  if (middle.length === 0) return [];
  return ratioOf(
    to,
    times.filter(time => time !== undefined).map(time => time / median(middle)),
  );
}

export function ratioOf(to: string, values: readonly number[]): AxisRatio[] {
  if (values.length === 0) return [];
  const [low, high] = bootstrapMedian(values);
  return [{ to, median: median(values), low, high }];
}
