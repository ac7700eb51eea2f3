import type { Machine } from '../../lib/bench/machine';
import type { Measured } from '../../lib/bench/measure';
import { toResult, type BenchResult } from '../../lib/bench/results';

/** A machine that no test depends on. */
export const MACHINE: Machine = {
  kernel: 'Linux 6.1.0 x64',
  cpu: 'a processor',
  cores: 2,
  memoryBytes: 8 * 2 ** 30,
  fileSystem: 'ext4',
  storageDriver: 'overlay',
  cgroups: 'v2',
  node: 'v20.0.0',
  load: 0.1,
  date: '2026-01-02T03:04:05.678Z',
};

/** A row that was measured, with the given times. */
export function measured(name: string, times: (number | undefined)[]): Measured {
  const failure = times.includes(undefined) ? 'it failed' : undefined;
  return {
    row: { name, title: `${name}'s title`, does: ['own root'], round: () => Promise.resolve(0) },
    times,
    failure,
  };
}

/** A result of rows that take `factor` times the floor, which disturbances of the machine make differ by round. */
export function resultOf(factors: Record<string, number>, rounds = 30): BenchResult {
  const floor = Array.from({ length: rounds }, (_, round) => 2 + (round % 7));
  const rows = Object.entries(factors).map(([name, factor]) =>
    measured(
      name,
      floor.map((time, round) => time * (factor + (round % 5) * 0.01)),
    ),
  );
  return toResult([measured('floor', floor), ...rows], { machine: MACHINE, missing: [] });
}
