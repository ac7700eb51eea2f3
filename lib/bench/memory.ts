import fs from 'node:fs';
import v8 from 'node:v8';
import vm from 'node:vm';
import { errorCode } from '../common/errors';
import type { Skiff } from '../engine';
import type { ManagedContainer } from '../engine/managed-container';
import type { Container } from '../engine/options';
import { MEMORY_LIMIT, POOL_OPTIONS } from './skiff-rows';
import { median } from './statistics';

/** What running containers cost in memory, in bytes; undefined where this machine does not tell. */
export interface MemoryResult {
  /** How many were running. */
  containers: number;
  /** Of one container that a pool keeps parked: the median. */
  parkedBytes?: number;
  /** Of one container's init (`init: true`), which no other process shares: the median. */
  initBytes?: number;
  /** Of one detached container's monitor and init together: the median. */
  detachedBytes?: number;
  /** Of the one small process that watches over all containers of a caller. */
  watchdogBytes?: number;
  /** Of the one that makes their inits. */
  starterBytes?: number;
  /** What JavaScript keeps for one container, streams ignored: heap and buffers after a collection. */
  scriptBytes: number;
}

const COUNT = 100;
const STARTS_UNTIL_STARTER = 3;
/** What does not count of a difference, of what many containers take. */
const SETTLED_BYTES = 4096;
const MOST_COLLECTIONS = 20;
const PARKED = 10;
const DETACHED = 10;
/** argv[0] of the watchdog, of the starter, and of an init that waits for its command. */
const WATCHDOG = 'skiff-watchdog';
const STARTER = 'skiff-starter';
const INIT = 'skiff-init';

/** Measure what running containers cost in memory; all are ended. */
export async function measureMemory(
  skiff: Skiff,
  { count = COUNT, signal }: { count?: number; signal?: AbortSignal } = {},
): Promise<MemoryResult> {
  const parkedBytes = await measureParked(skiff);
  const detachedBytes = await measureDetached(skiff);
  const collect = collector();
  const containers: Container[] = [];
  const startOne = async () =>
    void containers.push(
      await skiff.start(['sleep', '86400'], {
        init: true,
        memory: MEMORY_LIMIT,
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      }),
    );
  try {
    for (let i = 0; i < STARTS_UNTIL_STARTER; i += 1) await skiff.run(['true']);
    // What the first one makes is not made for each.
    await startOne();
    const before = await settled(collect);
    for (let i = 0; i < count && !signal?.aborted; i += 1) await startOne();
    const after = await settled(collect);
    const inits = containers.flatMap(({ pid }) => privateBytes(pid) ?? []);
    return {
      containers: containers.length,
      parkedBytes,
      detachedBytes,
      initBytes: medianOf(inits),
      watchdogBytes: medianOf(ownProcesses(WATCHDOG).flatMap(pid => privateBytes(pid) ?? [])),
      starterBytes: medianOf(ownProcesses(STARTER).flatMap(pid => privateBytes(pid) ?? [])),
      scriptBytes: (after - before) / Math.max(1, containers.length - 1),
    };
  } finally {
    await Promise.all(containers.map(container => container.remove()));
  }
}

async function measureParked(skiff: Skiff): Promise<number | undefined> {
  const pool = await skiff.pool({ ...POOL_OPTIONS, size: PARKED });
  try {
    return medianOf(ownProcesses(INIT).flatMap(pid => privateBytes(pid) ?? []));
  } finally {
    await pool.close();
  }
}

async function measureDetached(skiff: Skiff): Promise<number | undefined> {
  const containers: ManagedContainer[] = [];
  try {
    for (let i = 0; i < DETACHED; i += 1) {
      const container = await skiff.create(['sleep', '86400'], { init: true, memory: MEMORY_LIMIT });
      containers.push(container);
      await container.start();
    }
    const inits = await Promise.all(containers.map(async container => (await container.info()).pid));
    return medianOf(inits.flatMap(init => withMonitor(init) ?? []));
  } finally {
    for (const container of containers) await container.remove({ force: true });
  }
}

/** An init's private memory and that of the monitor whose child it is. */
function withMonitor(init: number | undefined): number | undefined {
  if (init === undefined) return undefined;
  const monitor = Number(/^PPid:\s+(\d+)$/m.exec(fs.readFileSync(`/proc/${init}/status`, 'utf8'))?.[1]);
  const [own, other] = [privateBytes(init), privateBytes(monitor)];
  return own === undefined || other === undefined ? undefined : own + other;
}

function medianOf(values: readonly number[]): number | undefined {
  return values.length > 0 ? median(values) : undefined;
}

/** The collector of garbage, which node gives to nobody without its flag; a new context has it. */
function collector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  try {
    return vm.runInNewContext('gc') as () => void;
  } finally {
    v8.setFlagsFromString('--no-expose-gc');
  }
}

/** Bytes in use when what was finished is gone, finalizers included: when a collection frees nothing any more. */
async function settled(collect: () => void): Promise<number> {
  let before = Infinity;
  for (let i = 0; i < MOST_COLLECTIONS; i += 1) {
    collect();
    await new Promise(resolve => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    const now = heapUsed + external;
    if (before - now < SETTLED_BYTES) return Math.min(before, now);
    before = now;
  }
  return before;
}

/**
 * What a process has for itself, proc_pid_smaps(5): Private_Clean, Private_Dirty, Private_Hugetlb.
 *
 * @returns undefined where it is gone, or the kernel has no such file
 */
function privateBytes(pid: number): number | undefined {
  try {
    const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = [...rollup.matchAll(/^Private_\w+: +(\d+) kB$/gm)].map(([, number]) => Number(number));
    return kilobytes.reduce((sum, number) => sum + number, 0) * 1024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Children of this process that were started under that name. */
function ownProcesses(name: string): number[] {
  return fs
    .readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => isOwn(pid, name));
}

function isOwn(pid: number, name: string): boolean {
  try {
    const [first] = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (first !== name) return false;
    const parent = /^PPid:\s+(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(parent) === process.pid;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
