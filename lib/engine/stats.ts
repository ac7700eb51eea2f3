import os from 'node:os';
import { monotonicMs } from '../common/clock';
import { readCgroupUsage } from '../cgroup';
import { ProcessTable } from '../process/table';
import { networkUsageOf, usageOf } from '../process/usage';
import type { ContainerInfo } from './info';
import { isUp } from './select';

/** What a container uses, at one moment and since the look before. */
export interface ContainerStats {
  id: string;
  name: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** Of one CPU, since the look before: 200 is two CPUs at work all the time. */
  cpuPercent: number;
  /** Without page cache that could be dropped. */
  memoryBytes: number;
  /** Its limit, or what the machine has. */
  memoryLimitBytes: number;
  /** Of the limit. */
  memoryPercent: number;
  /** Through its own interfaces; loopback is not counted. */
  receivedBytes: number;
  sentBytes: number;
  /** From and to block devices. */
  readBytes: number;
  writtenBytes: number;
  /** Processes and threads. */
  pids: number;
}

/** How containers are looked at again and again. */
export interface StatsOptions {
  /** Time between two looks, in ms; 1000 where not given. */
  intervalMs?: number;
  /** Ends it. */
  signal?: AbortSignal;
}

/** CPU time in microseconds and the moment in ms of CLOCK_MONOTONIC, by container. */
type CpuTimes = Map<string, { usec: number; at: number }>;

/**
 * Look at containers again and again. The first look is told after the second, for the CPU's percentage is that of the
 * time between two.
 *
 * @param find the containers wanted, at each look
 * @returns what each uses, in their order; zeros of one that does not run
 */
export async function* watchStats(
  find: () => Promise<readonly ContainerInfo[]>,
  { intervalMs = 1_000, signal }: StatsOptions = {},
): AsyncGenerator<ContainerStats[], void> {
  let before: CpuTimes = new Map();
  look(await find(), new Map(), before);
  while (await sleep(intervalMs, signal)) {
    const now: CpuTimes = new Map();
    yield look(await find(), before, now);
    before = now;
  }
}

/** @param now is filled with what the next look needs of this one */
function look(containers: readonly ContainerInfo[], before: CpuTimes, now: CpuTimes): ContainerStats[] {
  const table = ProcessTable.read();
  return containers.map(container => statsOf(container, table, before, now));
}

function statsOf(
  container: ContainerInfo,
  table: ProcessTable,
  before: CpuTimes,
  now: CpuTimes,
): ContainerStats {
  const { id, name, pid, cgroupPaths } = container;
  const processes = pid !== undefined && isUp(container) ? table.of(pid) : [];
  const isRunning = processes.length > 0;
  // The kernel's own counts; of what no cgroup counts, the sum over the processes.
  const counted = isRunning ? readCgroupUsage(cgroupPaths) : {};
  const usage = { ...usageOf(processes), ...definedOf(counted) };
  const memoryLimitBytes = isRunning ? Math.min(counted.memoryLimitBytes ?? Infinity, os.totalmem()) : 0;
  if (isRunning) now.set(id, { usec: usage.cpuUsec, at: monotonicMs() });
  return {
    id,
    name,
    time: Date.now(),
    cpuPercent: percentOf(before.get(id), now.get(id)),
    memoryBytes: usage.memoryBytes,
    memoryLimitBytes,
    memoryPercent: memoryLimitBytes === 0 ? 0 : (usage.memoryBytes / memoryLimitBytes) * 100,
    ...(isRunning ? networkUsageOf(pid!) : { receivedBytes: 0, sentBytes: 0 }),
    readBytes: usage.readBytes,
    writtenBytes: usage.writtenBytes,
    pids: usage.pids,
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function definedOf<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** A container that was restarted begins anew. */
function percentOf(before?: { usec: number; at: number }, now?: { usec: number; at: number }): number {
  if (!before || !now || now.at <= before.at) return 0;
  return Math.max(0, ((now.usec - before.usec) / 1_000 / (now.at - before.at)) * 100);
}

/** @returns false where it was aborted */
function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve(false);
    const finish = (whole: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve(whole);
    };
    const abort = () => finish(false);
    const timer = setTimeout(() => finish(true), ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
