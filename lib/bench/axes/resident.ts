import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { measure, type Measured } from '../measure';
import { apiRow, spawnRow } from '../skiff-rows';
import { compareMedians, pointOf, type Axis, type AxisPoint } from './axis';

const RESIDENT_BYTES = 1 << 30;
/** The small and the large process take turns, so that what disturbs the machine meets both. */
const TURNS = 4;

/** A caller that holds much memory: spawn forks and pays for it; a container's start must not. */
export const resident: Axis = {
  name: 'resident memory',
  async measure({ skiff }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const rows = [apiRow(skiff), spawnRow()];
    const small: Measured[] = rows.map(row => ({ row, times: [] }));
    const large: Measured[] = rows.map(row => ({ row, times: [] }));
    const seen = { small: 0, large: 0 };
    const options = { rounds: Math.ceil(rounds / TURNS), warmUp: 1, limitMs: limitMs / TURNS / 4, signal };
    // Not interleaved: the pause that a slow spawn is between two starts costs some kernels' starts more than memory.
    const add = async (into: Measured[]) => {
      for (const [index, row] of rows.entries()) append(into[index]!, (await measure([row], options))[0]!);
    };
    for (let turn = 0; turn < TURNS && !signal?.aborted; turn += 1) {
      seen.small = Math.max(seen.small, process.memoryUsage.rss());
      await add(small);
      const release = await holdMemory(RESIDENT_BYTES);
      seen.large = Math.max(seen.large, process.memoryUsage.rss());
      await add(large);
      await release();
    }
    const at = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
    return [
      ...small.map(measured => pointOf('resident memory', at(seen.small), measured)),
      ...large.map((measured, index) =>
        pointOf(
          'resident memory',
          at(seen.large),
          measured,
          compareMedians(at(seen.small), measured.times, small[index]!.times),
        ),
      ),
    ];
  },
};

function append(into: Measured, { times, failure }: Measured): void {
  into.times.push(...times);
  into.failure ??= failure;
}

/**
 * Make this process larger: memory that was written to, so that it is resident.
 *
 * @returns gives it back at once. A thread's end frees what it holds; a buffer of our own would wait for the collector
 */
async function holdMemory(bytes: number): Promise<() => Promise<unknown>> {
  const source = `const { parentPort, workerData } = require('node:worker_threads');
    const held = Buffer.alloc(workerData, 1);
    parentPort.on('message', () => held);
    parentPort.postMessage('held');`;
  const worker = new Worker(source, { eval: true, workerData: bytes });
  await once(worker, 'message');
  return () => worker.terminate();
}
