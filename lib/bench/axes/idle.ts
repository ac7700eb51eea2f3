import type { Container } from '../../engine/options';
import { measure, SETTLE_MS, type Measured } from '../measure';
import { apiRow } from '../skiff-rows';
import { compareMedians, pointOf, type Axis, type AxisPoint } from './axis';

const COUNTS = [100, 500];
/** As many are started and removed at the same time. */
const AT_ONCE = 4;

/**
 * Each start by itself, as the rows are measured; and one right after the other, which pays for what the kernel puts off of
 * the one before, too.
 */
const PACES = [
  { name: 'skiff API', settleMs: SETTLE_MS },
  { name: 'skiff API, back to back', settleMs: 0 },
] as const;

/** Containers that are there already and do nothing. */
export const idle: Axis = {
  name: 'idle containers',
  async measure({ skiff }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const containers: Container[] = [];
    const startOne = () =>
      skiff.start(['sleep', '86400'], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
    const times = async (share = 1) => {
      const measured: Measured[] = [];
      for (const { name, settleMs } of PACES) {
        const [one] = await measure([{ ...apiRow(skiff), name }], {
          rounds: Math.ceil(rounds * share),
          warmUp: 2,
          limitMs: (limitMs * share) / (COUNTS.length + 1) / PACES.length,
          settleMs,
          signal,
        });
        measured.push(one!);
      }
      return measured;
    };
    // Half of those without any come before, half after: a machine that changes meanwhile is no slope.
    const without = await times(0.5);
    const measured: { count: number; results: Measured[] }[] = [];
    try {
      for (const count of COUNTS) {
        await inLanes(count - containers.length, signal, async () => void containers.push(await startOne()));
        measured.push({ count, results: await times() });
      }
      await endAll(containers);
      for (const [pace, after] of (await times(0.5)).entries()) without[pace]!.times.push(...after.times);
      return [
        ...without.map(result => pointOf('idle containers', '0', result)),
        ...measured.flatMap(({ count, results }) =>
          results.map((result, pace) =>
            pointOf(
              'idle containers',
              String(count),
              result,
              compareMedians('0', result.times, without[pace]!.times),
            ),
          ),
        ),
      ];
    } finally {
      await endAll(containers);
    }
  },
};

/** Ends what is in the list, and takes it off: a second call has nothing to do. */
async function endAll(containers: Container[]): Promise<void> {
  await inLanes(containers.length, undefined, async () => containers.pop()?.remove());
}

async function inLanes(
  count: number,
  signal: AbortSignal | undefined,
  one: () => Promise<void>,
): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left > 0 && !signal?.aborted) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
