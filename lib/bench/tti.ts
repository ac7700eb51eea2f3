import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Skiff } from '../engine';
import { median, quantile } from './statistics';

/** How the starts follow each other. */
export type Arrival = 'sequential' | 'staggered' | 'at once';

/** Times to interactive of one way to start: ms, and how many of them answered rightly. */
export interface TtiResult {
  arrival: Arrival;
  name: string;
  count: number;
  /** 0 to 1. */
  success: number;
  min: number;
  median: number;
  p95: number;
  p99: number;
}

export interface TtiOptions {
  /** Starts of each kind. */
  count: number;
  onProgress?: (share: number, name: string) => void;
  signal?: AbortSignal;
}

/** Ms between two starts of the staggered kind. */
const STAGGER_MS = 200;
const ARRIVALS: readonly Arrival[] = ['sequential', 'staggered', 'at once'];

type Start = () => Promise<string>;

/**
 * Time to interactive, as ComputeSDK's benchmark of sandbox providers has it: from the call to the result of a first
 * command, `node -v`, in a fresh sandbox; beside as many plain processes of the same command.
 */
export async function measureTti(
  skiff: Skiff,
  { count, onProgress, signal }: TtiOptions,
): Promise<TtiResult[]> {
  const starts: [name: string, start: Start][] = [
    ['skiff', async () => (await skiff.run([process.execPath, '-v'], { rootfs: '/' })).stdout],
    ['spawn', async () => (await promisify(execFile)(process.execPath, ['-v'])).stdout],
  ];
  for (const [, start] of starts) await start();
  const results: TtiResult[] = [];
  for (const [index, arrival] of ARRIVALS.entries()) {
    const runs = starts.map(([name, start]) => ({ name, start, times: [] as (number | undefined)[] }));
    if (signal?.aborted) break;
    onProgress?.(index / ARRIVALS.length, arrival);
    if (arrival === 'sequential') await takeTurns(runs, count, signal);
    else
      for (const run of runs)
        run.times = await overlapping(run.start, count, arrival === 'staggered' ? STAGGER_MS : 0, signal);
    const begun = runs.filter(({ times }) => times.length > 0);
    results.push(...begun.map(({ name, times }) => toResult(arrival, name, times)));
  }
  return results;
}

async function takeTurns(
  runs: { start: Start; times: (number | undefined)[] }[],
  count: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let i = 0; i < count && !signal?.aborted; i += 1) {
    for (const { start, times } of runs) times.push(await timeOf(start));
  }
}

async function overlapping(
  start: Start,
  count: number,
  pauseMs: number,
  signal: AbortSignal | undefined,
): Promise<(number | undefined)[]> {
  const times: Promise<number | undefined>[] = [];
  for (let i = 0; i < count && !signal?.aborted; i += 1) {
    times.push(timeOf(start));
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return Promise.all(times);
}

/** Ms; undefined where it failed or told something else than this node's version. */
async function timeOf(start: Start): Promise<number | undefined> {
  const since = performance.now();
  try {
    const told = await start();
    return told.trim() === process.version ? performance.now() - since : undefined;
  } catch {
    // The success rate tells it.
    return undefined;
  }
}

function toResult(arrival: Arrival, name: string, times: readonly (number | undefined)[]): TtiResult {
  const good = times.filter(time => time !== undefined);
  const of = (share: number) => (good.length > 0 ? quantile(good, share) : NaN);
  return {
    arrival,
    name,
    count: times.length,
    success: good.length / times.length,
    min: of(0),
    median: good.length > 0 ? median(good) : NaN,
    p95: of(0.95),
    p99: of(0.99),
  };
}
