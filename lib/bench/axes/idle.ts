import type { Container } from '../../engine/options';
import { measure } from '../measure';
import { apiRow } from '../skiff-rows';
import { compareMedians, pointOf, type Axis, type AxisPoint } from './axis';

const COUNTS = [100, 500];
/** As many are started and removed at the same time. */
const AT_ONCE = 4;

/** Containers that are there already and do nothing. */
export const idle: Axis = {
  name: 'idle containers',
  async measure({ skiff }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const containers: Container[] = [];
    const startOne = () =>
      skiff.start(['sleep', '86400'], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
    const times = (share = 1) =>
      measure([apiRow(skiff)], {
        rounds: Math.ceil(rounds * share),
        warmUp: 2,
        limitMs: limitMs / (COUNTS.length + 1),
        signal,
      });
    // Half of those without any come before, half after: a machine that changes meanwhile is no slope.
    const [without] = await times(0.5);
    const points: AxisPoint[] = [];
    try {
      const measured = [];
      for (const count of COUNTS) {
        await inLanes(count - containers.length, signal, async () => void containers.push(await startOne()));
        measured.push({ count, result: (await times())[0]! });
      }
      await endAll(containers);
      const [after] = await times(0.5);
      without!.times.push(...after!.times);
      points.push(pointOf('idle containers', '0', without!));
      for (const { count, result } of measured) {
        const ratio = compareMedians('0', result.times, without!.times);
        points.push(pointOf('idle containers', String(count), result, ratio));
      }
    } finally {
      await endAll(containers);
    }
    return points;
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
