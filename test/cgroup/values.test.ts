import fc from 'fast-check';
import { parseCpuList, requireAvailable } from '../../lib/cgroup/cpulist';
import { limitsOf } from '../../lib/cgroup/limits';
import { directoryName, idOfDirectory, isDirectoryOf } from '../../lib/cgroup/names';
import { countIn } from '../../lib/cgroup/stat';
import { weightOfShares } from '../../lib/cgroup/weight';

describe('weightOfShares', () => {
  // The points of runc's issue 4896 and of crun's tests for the same formula.
  it.each([
    [2, 1],
    [1024, 100],
    [2000, 170],
    [262_144, 10_000],
    [0, 1],
    [1_000_000, 10_000],
  ])('%i shares are weight %i', (shares, weight) => {
    expect(weightOfShares(shares)).toBe(weight);
  });

  const shares = fc.integer({ min: 2, max: 262_144 });

  it('stays within 1 and 10000', () => {
    fc.assert(
      fc.property(shares, value => {
        const weight = weightOfShares(value);
        expect(Number.isInteger(weight) && weight >= 1 && weight <= 10_000).toBe(true);
      }),
    );
  });

  it('never falls when the shares rise', () => {
    fc.assert(
      fc.property(shares, shares, (a, b) => {
        expect(weightOfShares(Math.min(a, b))).toBeLessThanOrEqual(weightOfShares(Math.max(a, b)));
      }),
    );
  });
});

describe('CPU lists', () => {
  it('gives back the numbers that a list was made of', () => {
    const ranges = fc.array(fc.tuple(fc.nat(300), fc.nat(20)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(ranges, pairs => {
        const text = pairs.map(([first, more]) => (more ? `${first}-${first + more}` : `${first}`)).join(',');
        const numbers = pairs.flatMap(([first, more]) =>
          Array.from({ length: more + 1 }, (_, i) => first + i),
        );
        expect(parseCpuList(text)).toEqual(new Set(numbers));
      }),
    );
  });

  it.each(['', 'a', '1-', '-1', '3-1', '1,,2', '0-4000000000', '0-99999', '1 2'])('refuses %j', list => {
    expect(() => parseCpuList(list)).toThrow(/not a list/);
  });

  it('refuses what is not there and names what is', () => {
    expect(() => requireAvailable('CPUs', '1,99', '0-1\n')).toThrow(
      'cannot limit CPUs to 1,99: only 0-1 can be used here',
    );
    requireAvailable('CPUs', '1', '0-1\n');
  });
});

describe('limitsOf', () => {
  it('drops what means no limit', () => {
    const nothing = limitsOf({
      memory: { limit: -1, swap: -1 },
      cpu: { shares: 0, quota: -1, cpus: '', mems: '' },
      pids: { limit: -1 },
    });
    expect(nothing).toEqual({});
  });

  it('allows as much swap as memory where only memory is limited', () => {
    expect(limitsOf({ memory: { limit: 100 } }).memory).toEqual({ limit: 100, swap: 200, swapAsked: false });
    expect(limitsOf({ memory: { limit: 100, swap: 100 } }).memory).toEqual({
      limit: 100,
      swap: 100,
      swapAsked: true,
    });
    expect(limitsOf({ memory: { limit: 100, swap: -1 } }).memory).toEqual({ limit: 100, swapAsked: true });
  });

  it.each([{ swap: 100 }, { limit: 100, swap: 99 }])('refuses memory %j', memory => {
    expect(() => limitsOf({ memory })).toThrow(/cannot limit swap/);
  });
});

describe('names', () => {
  it.each(['', '.', '..', 'a/b', '-a', 'a b', 'a\n', '../x'])('refuses the id %j', id => {
    expect(() => directoryName(id)).toThrow(/not a container id/);
    expect(idOfDirectory(`skiff-${id}`)).toBeUndefined();
  });

  it('knows its own directories', () => {
    expect(directoryName('a1.b_c-d')).toBe('skiff-a1.b_c-d');
    expect(idOfDirectory('skiff-a1.b_c-d')).toBe('a1.b_c-d');
    expect(idOfDirectory('skiff.self')).toBeUndefined();
    expect(isDirectoryOf('a', '/sys/fs/cgroup/skiff-a')).toBe(true);
    expect(isDirectoryOf('a', '/sys/fs/cgroup/skiff-b')).toBe(false);
    expect(isDirectoryOf('a', 'skiff-a')).toBe(false);
    expect(isDirectoryOf('a', '/sys/fs/cgroup/../skiff-a')).toBe(false);
  });
});

describe('countIn', () => {
  it.each([
    ['4096\n', undefined, 4096],
    ['0\n', undefined, 0],
    ['9223372036854771712\n', undefined, 9223372036854771712],
    ['max\n', undefined, undefined],
    ['', undefined, undefined],
    ['oom_kill_disable 1\nunder_oom 0\noom_kill 3\n', 'oom_kill', 3],
    ['oom_kill 3\noom_kill_disable 1', 'oom_kill', 3],
    ['low 0\nhigh 7', 'high', 7],
    ['low 0\nhigh 7\n', 'igh', undefined],
    ['low max\n', 'low', undefined],
    ['low\n', 'low', undefined],
  ])('%j, %j: %j', (text, key, count) => {
    expect(countIn(text, key)).toBe(count);
  });
});
