/** Cutting a start's time into pieces, on made-up phases. */
import fc from 'fast-check';
import { BETWEEN, slicesOf, sumUp } from '../../lib/bench/phases';

const phase = (name: string, start: number, end: number) => ({ container: 'c', name, start, end });

test('the innermost phase counts; what is uncovered is named by where it lies', () => {
  const phases = [
    phase('container-directory', 2, 3),
    phase('park', 4, 10),
    phase('park: clone', 5, 7),
    phase('set up', 10, 12),
    phase('undo cgroup', 16, 17),
    phase('removal', 15, 18),
  ];
  expect(slicesOf(phases, 0, 20)).toEqual([
    { name: 'options, image, spec', ms: 2 },
    { name: 'container-directory', ms: 1 },
    { name: BETWEEN, ms: 1, after: 'container-directory' },
    { name: 'park', ms: 4 },
    { name: 'park: clone', ms: 2 },
    { name: 'set up', ms: 2 },
    { name: 'command: execve to exit notice', ms: 3 },
    { name: 'removal', ms: 2 },
    { name: 'removal: undo cgroup', ms: 1 },
    { name: 'result', ms: 2 },
  ]);
});

test('phases of another start are left out', () => {
  expect(slicesOf([phase('container-directory', 0, 4), phase('set up', 90, 99)], 5, 10)).toEqual([
    { name: 'result', ms: 5 },
  ]);
});

test('whatever the phases are, the slices add up to the whole', () => {
  const time = fc.integer({ min: 0, max: 100 });
  const phases = fc.array(
    fc.tuple(fc.constantFrom('container-directory', 'park', 'set up', 'removal'), time, time),
  );
  fc.assert(
    fc.property(phases, list => {
      const made = list.map(([name, a, b]) => phase(name, Math.min(a, b), Math.max(a, b)));
      const total = slicesOf(made, 10, 90).reduce((sum, { ms }) => sum + ms, 0);
      expect(total).toBeCloseTo(80, 9);
    }),
  );
});

test('shares of many starts are by their sums', () => {
  const result = sumUp([
    {
      whole: 10,
      slices: [
        { name: 'a', ms: 4 },
        { name: BETWEEN, ms: 1, after: 'b' },
        { name: BETWEEN, ms: 5, after: 'a' },
      ],
    },
    {
      whole: 30,
      slices: [
        { name: 'a', ms: 20 },
        { name: 'b', ms: 10 },
      ],
    },
  ]);
  expect(result).toMatchObject({ wholeMs: 20, meanMs: 20 });
  expect(result.covered).toBeCloseTo(34 / 40);
  expect(result.complete).toBe(false);
  expect(result.longest).toBe('a');
  expect(result.phases.find(({ name }) => name === BETWEEN)).toEqual({
    name: BETWEEN,
    medianMs: 3,
    share: 6 / 40,
  });
  expect(result.between).toEqual([
    { after: 'a', share: 5 / 40 },
    { after: 'b', share: 1 / 40 },
  ]);
  expect(result.phases.find(({ name }) => name === 'a')).toEqual({ name: 'a', medianMs: 12, share: 24 / 40 });
});
