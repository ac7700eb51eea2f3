import { measureAxes, type AxisPoint } from './axes';
import { runEscapeSuite } from './escape-suite';
import { goalsOf, type Goal } from './goals';
import type { Machine } from './machine';
import { measure, SETTLE_MS } from './measure';
import { measureMemory, type MemoryResult } from './memory';
import { measurePhases, type PhasesResult } from './phases';
import { toResult, type BenchResult } from './results';
import { BenchSession } from './session';
import { measureTti, type TtiResult } from './tti';

export interface BenchOptions {
  /** Directory below which everything is made, and removed. */
  parent: string;
  storageDriver?: string;
  rounds?: number;
  /** Names of the rows to measure; all where undefined. */
  only?: readonly string[];
  /** Peers to look for; all known where undefined. */
  peers?: readonly string[];
  onProgress?: (share: number, name: string) => void;
  signal?: AbortSignal;
}

const ROUNDS = 100;
const WARM_UP = 5;
/** The whole stays below three minutes, on slow machines with fewer rounds. */
const LIMIT_MS = 140_000;
const TTI_STARTS = 100;

/** Single starts of everything that this machine has. */
export async function benchStarts(options: BenchOptions): Promise<BenchResult> {
  const { rounds = ROUNDS, onProgress, signal } = options;
  await using session = await BenchSession.open(options);
  const { rows, missing } = await session.makeRows(options);
  const measured = await measure(rows, {
    rounds,
    warmUp: WARM_UP,
    settleMs: SETTLE_MS,
    limitMs: LIMIT_MS,
    onProgress,
    signal,
  });
  // Asked for some rows, it tells of these.
  const memory = options.only || signal?.aborted ? undefined : await measureMemory(session.skiff, { signal });
  return { ...toResult(measured, { machine: session.machine, missing }), memory };
}

/** Where the time of one start goes. */
export async function benchPhases(options: BenchOptions): Promise<PhasesResult & { machine: Machine }> {
  await using session = await BenchSession.open({ ...options, trace: true });
  const phases = await measurePhases(session.skiff, { ...options, rounds: options.rounds ?? ROUNDS });
  return { machine: session.machine, ...phases };
}

/** Time to interactive. */
export async function benchTti(options: BenchOptions): Promise<{ machine: Machine; tti: TtiResult[] }> {
  await using session = await BenchSession.open(options);
  const tti = await measureTti(session.skiff, { ...options, count: options.rounds ?? TTI_STARTS });
  return { machine: session.machine, tti };
}

/** What a start costs where more is going on. */
export async function benchAxes(
  options: BenchOptions & { axes?: readonly string[] },
): Promise<{ machine: Machine; axes: AxisPoint[] }> {
  const { rounds = ROUNDS, axes: only } = options;
  await using session = await BenchSession.open(options);
  const axes = await measureAxes(session, { ...options, rounds, only });
  return { machine: session.machine, axes };
}

/** What isolation costs, and whether it holds. */
export async function benchIsolation(
  options: BenchOptions,
): Promise<{ machine: Machine; axes: AxisPoint[]; goals: Goal[] }> {
  const { machine, axes } = await benchAxes({ ...options, axes: ['isolation', 'cpu'] });
  options.onProgress?.(0, 'escape suite');
  return { machine, axes, goals: goalsOf(axes, await runEscapeSuite(options)) };
}

/** What running containers cost in memory. */
export async function benchMemory(
  options: BenchOptions,
): Promise<{ machine: Machine; memory: MemoryResult }> {
  await using session = await BenchSession.open(options);
  const { rounds: count, signal } = options;
  const memory = await measureMemory(session.skiff, { count, signal });
  return { machine: session.machine, memory };
}
