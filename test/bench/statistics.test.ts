/**
 * The benchmark's arithmetic against values that can be worked out by hand, or that R's quantile(type = 7) gives, and
 * its intervals by how often they hold the truth.
 */
import fc from 'fast-check';
import {
  bootstrapMedian,
  median,
  quantile,
  randomNumbers,
  ratios,
  summarize,
  variation,
} from '../../lib/bench/statistics';

describe('quantiles', () => {
  test.each([
    [[7], 0.9, 7],
    [[1, 2], 0.5, 1.5],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.1, 1.9],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9, 9.1],
    [[10, 20, 40], 0, 10],
    [[10, 20, 40], 1, 40],
  ])('of %j at %d is %d', (values, share, expected) => {
    expect(quantile(values, share)).toBeCloseTo(expected, 12);
  });

  test('never leave the values, and grow with the share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, a, b) => {
          const [low, high] = [quantile(values, Math.min(a, b)), quantile(values, Math.max(a, b))];
          expect(low).toBeLessThanOrEqual(high + 1e-6);
          expect(low).toBeGreaterThanOrEqual(Math.min(...values));
          expect(high).toBeLessThanOrEqual(Math.max(...values));
        },
      ),
    );
  });

  test('do not reorder what they are given', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  test('of nothing are an error', () => expect(() => median([])).toThrow(RangeError));
});

describe('bootstrap', () => {
  test('the same seed gives the same interval, another seed another', () => {
    const values = sample(1, 40);
    expect(bootstrapMedian(values, { seed: 5 })).toEqual(bootstrapMedian(values, { seed: 5 }));
    expect(bootstrapMedian(values, { seed: 5 })).not.toEqual(bootstrapMedian(values, { seed: 6 }));
  });

  test('of equal values is that value', () => expect(bootstrapMedian([2, 2, 2])).toEqual([2, 2]));

  test('holds the true median about 95 times of 100', () => {
    const trials = 200;
    let held = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const [low, high] = bootstrapMedian(sample(trial + 1, 41), { seed: trial, resamples: 400 });
      // The exponential distribution's median is ln 2.
      if (low <= Math.LN2 && Math.LN2 <= high) held += 1;
    }
    // Three standard deviations of a binomial with p = 0.95 are 9 of 200; the percentile method runs a little short.
    expect(held / trials).toBeGreaterThan(0.88);
    expect(held / trials).toBeLessThan(0.995);
  });

  test('grows narrower with more values', () => {
    const width = (count: number) => {
      const [low, high] = bootstrapMedian(sample(3, count));
      return high - low;
    };
    expect(width(800)).toBeLessThan(width(50) / 2);
  });
});

test('random numbers are spread over 0 to 1', () => {
  const random = randomNumbers(9);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i += 1) buckets[Math.floor(random() * 10)]! += 1;
  for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test('a summary holds its own numbers in order', () => {
  const { count, p10, low, median: middle, high, p90 } = summarize(sample(2, 100));
  expect(count).toBe(100);
  const ordered = [p10, low, middle, high, p90];
  expect([...ordered].sort((a, b) => a - b)).toEqual(ordered);
});

test('ratios are taken round by round; a failed round counts in neither', () => {
  expect(ratios([2, undefined, 9, 8], [1, 5, 3, undefined])).toEqual([2, 3]);
});

/** Values of the exponential distribution with mean 1: skewed, as times are. */
function sample(seed: number, count: number): number[] {
  const random = randomNumbers(seed * 7919);
  return Array.from({ length: count }, () => -Math.log(1 - random()));
}

test('variation is the standard deviation as a share of the mean', () => {
  expect(variation([5, 5, 5])).toBe(0);
  // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squares 32
  expect(variation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7) / 5, 12);
  expect(variation([20, 40])).toBeCloseTo(variation([2, 4]), 12);
});
