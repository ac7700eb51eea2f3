import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Skiff } from '../engine';
import { floorThroughput, type FloorOptions } from './floor';
import { apiRow, spawnRow } from './skiff-rows';
import type { Row } from './row';
import { median, quantile } from './statistics';

/** One figure of one axis. */
export interface AxisResult {
  axis: string;
  /** Where on the axis: `8 in flight`, `1 GiB resident`. */
  at: string;
  name: string;
  medianMs: number;
  p99Ms: number;
  /** Starts per second; only where several are on at the same time. */
  perSecond?: number;
}

export interface AxesOptions {
  /** Starts for each figure. */
  rounds: number;
  onProgress?: (share: number, name: string) => void;
  signal?: AbortSignal;
}

const IN_FLIGHT = [1, 2, 8, 32];
const RESIDENT_BYTES = 1 << 30;
const IDLE = [0, 100];
const FLOOR_PROCESSES = 2;
/** Halves of a comparison take turns, so that what disturbs the machine meets both. */
const TURNS = 4;

/** What a start costs where more is going on than the start itself. */
export async function measureAxes(
  skiff: Skiff,
  floor: FloorOptions | undefined,
  { rounds, onProgress, signal }: AxesOptions,
): Promise<AxisResult[]> {
  const parts: [name: string, part: () => Promise<AxisResult[]>][] = [
    ['in flight', () => inFlight(skiff, floor, rounds)],
    ['resident memory', () => resident(skiff, rounds)],
    ['idle containers', () => idle(skiff, rounds)],
  ];
  const results: AxisResult[] = [];
  for (const [index, [name, part]] of parts.entries()) {
    if (signal?.aborted) break;
    onProgress?.(index / parts.length, name);
    results.push(...(await part()));
  }
  return results;
}

async function inFlight(
  skiff: Skiff,
  floor: FloorOptions | undefined,
  rounds: number,
): Promise<AxisResult[]> {
  const axis = 'in flight';
  const results: AxisResult[] = [];
  for (const count of IN_FLIGHT) {
    const total = Math.max(rounds, count * 4);
    const { times, wallMs } = await keepInFlight(apiRow(skiff), total, count);
    results.push({
      axis,
      at: String(count),
      name: 'skiff API',
      ...figures(times),
      perSecond: total / (wallMs / 1000),
    });
  }
  if (!floor) return results;
  const perSecond = await floorThroughput(floor, { rounds, parallel: FLOOR_PROCESSES });
  const at = `${FLOOR_PROCESSES} processes`;
  return [
    ...results,
    { axis, at, name: 'floor', medianMs: (FLOOR_PROCESSES / perSecond) * 1000, p99Ms: NaN, perSecond },
  ];
}

async function keepInFlight(
  row: Row,
  total: number,
  count: number,
): Promise<{ times: number[]; wallMs: number }> {
  const times: number[] = [];
  let left = total;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: count }, async () => {
      while (left > 0) {
        left -= 1;
        times.push(await row.round());
      }
    }),
  );
  return { times, wallMs: performance.now() - start };
}

/** spawn forks and pays for what its caller holds; a container's start must not. */
async function resident(skiff: Skiff, rounds: number): Promise<AxisResult[]> {
  const rows = [apiRow(skiff), spawnRow()];
  const light = rows.map(() => [] as number[]);
  const heavy = rows.map(() => [] as number[]);
  const seen = { light: 0, heavy: 0 };
  for (let turn = 0; turn < TURNS; turn += 1) {
    seen.light = Math.max(seen.light, process.memoryUsage.rss());
    await takeTurns(rows, light, Math.ceil(rounds / TURNS));
    const release = await holdMemory(RESIDENT_BYTES);
    seen.heavy = Math.max(seen.heavy, process.memoryUsage.rss());
    await takeTurns(rows, heavy, Math.ceil(rounds / TURNS));
    await release();
  }
  const told = (bytes: number, times: number[][]) =>
    rows.map(({ name }, index) => ({
      axis: 'resident memory',
      at: `${Math.round(bytes / 2 ** 20)} MiB`,
      name,
      ...figures(times[index]!),
    }));
  return [...told(seen.light, light), ...told(seen.heavy, heavy)];
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

async function takeTurns(rows: readonly Row[], into: number[][], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, row] of rows.entries()) into[index]!.push(await row.round());
  }
}

async function idle(skiff: Skiff, rounds: number): Promise<AxisResult[]> {
  const row = apiRow(skiff);
  const results: AxisResult[] = [];
  for (const count of IDLE) {
    const containers = [];
    try {
      for (let i = 0; i < count; i += 1) {
        containers.push(
          await skiff.start(['sleep', '86400'], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' }),
        );
      }
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) times.push(await row.round());
      results.push({ axis: 'idle containers', at: String(count), name: row.name, ...figures(times) });
    } finally {
      await Promise.all(containers.map(container => container.remove()));
    }
  }
  return results;
}

function figures(times: readonly number[]): { medianMs: number; p99Ms: number } {
  return { medianMs: median(times), p99Ms: quantile(times, 0.99) };
}
