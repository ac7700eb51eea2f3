/** A median with what surrounds it. */
export interface Summary {
  count: number;
  median: number;
  p10: number;
  p90: number;
  /** Bounds of the median's 95 % interval, by bootstrap. */
  low: number;
  high: number;
}

const RESAMPLES = 1000;

/**
 * A quantile, linear between the two nearest values (type 7 of Hyndman and Fan, as R and NumPy have it).
 *
 * @param values at least one, in any order
 * @param share 0 to 1
 */
export function quantile(values: readonly number[], share: number): number {
  return sortedQuantile(sorted(values), share);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Coefficient of variation: the standard deviation of the sample as a share of its mean.
 *
 * @param values at least two
 */
export function variation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1)) / mean;
}

/**
 * Median, deciles and the median's 95 % interval.
 *
 * @param values at least one
 * @param seed of the resampling: the same values give the same interval
 */
export function summarize(values: readonly number[], seed = 1): Summary {
  const ordered = sorted(values);
  const [low, high] = bootstrapMedian(values, { seed });
  return {
    count: values.length,
    median: sortedQuantile(ordered, 0.5),
    p10: sortedQuantile(ordered, 0.1),
    p90: sortedQuantile(ordered, 0.9),
    low,
    high,
  };
}

/**
 * An interval that the true median lies in: medians of resamples drawn with replacement, percentile method (Efron).
 *
 * @param options.level share of resamples within the interval; 0.95 where not given
 */
export function bootstrapMedian(
  values: readonly number[],
  options: { seed?: number; level?: number; resamples?: number } = {},
): [low: number, high: number] {
  const { seed = 1, level = 0.95, resamples = RESAMPLES } = options;
  const random = randomNumbers(seed);
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)]!)),
  );
  const ordered = sorted(medians);
  return [sortedQuantile(ordered, (1 - level) / 2), sortedQuantile(ordered, (1 + level) / 2)];
}

/**
 * Ratios round by round: what disturbs the machine for a while disturbs both rows of a round, and cancels out.
 *
 * @param values of one row, undefined where its round failed
 * @param base of the other, in the same order
 */
export function ratios(
  values: readonly (number | undefined)[],
  base: readonly (number | undefined)[],
): number[] {
  return values.flatMap((value, round) => {
    const other = base[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
}

/** Numbers from 0 to 1 (mulberry32): enough for resampling, and the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function sorted(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('no values to summarize');
  return [...values].sort((a, b) => a - b);
}

function sortedQuantile(ordered: readonly number[], share: number): number {
  const position = (ordered.length - 1) * share;
  const below = Math.floor(position);
  const lower = ordered[below]!;
  const upper = ordered[below + 1] ?? lower;
  return lower + (upper - lower) * (position - below);
}
