import { monotonicMs } from '../common/clock';
import type { Phase } from '../common/trace';
import type { Skiff } from '../engine';
import { MEMORY_LIMIT, TRUE } from './skiff-rows';
import { median } from './statistics';

/** A piece of one start's time that belongs to one phase alone. */
export interface Slice {
  name: string;
  ms: number;
  /** Of what lies between steps: the name of the phase before it. */
  after?: string;
}

/** A phase's share of all starts. */
export interface PhaseResult {
  name: string;
  medianMs: number;
  /** Of the whole, by sums over all starts: 0 to 1. */
  share: number;
}

export interface PhasesResult {
  /** Median of a whole start, from the call to its result. */
  wholeMs: number;
  /** Mean of the same: what the shares are of. */
  meanMs: number;
  /** What the named phases add up to, of the whole: 0 to 1; the rest is JavaScript between the steps. */
  covered: number;
  /** Where the rest lies, the largest first. */
  between: { after: string; share: number }[];
  /** That is the whole within 5 %. */
  complete: boolean;
  /** Name of the phase with the largest median: one start that was disturbed does not decide. */
  longest: string;
  phases: PhaseResult[];
}

/** Time between steps: promises, the event loop, code that no step holds. */
export const BETWEEN = 'between steps';
/** Phases that cover as much of the whole tell where it goes. */
const COMPLETE = 0.95;
const PREPARE = 'options, image, spec';
const COMMAND = 'command: execve to exit notice';
const RESULT = 'result';

/** Phases of the runtime that say where the others lie. */
const FIRST_STEPS = ['to the thread pool', 'container-directory'];
const SET_UP = 'set up';
const REMOVAL = 'removal';

/**
 * Cut one start into slices that do not overlap and leave no gap: at each instant the innermost phase counts. What no
 * phase covers is named by where it lies.
 *
 * @param phases of one container
 * @param start of the call, in ms of CLOCK_MONOTONIC
 * @param end of it
 */
export function slicesOf(phases: readonly Phase[], start: number, end: number): Slice[] {
  const inside = phases.filter(phase => phase.end > start && phase.start < end);
  const cuts = [start, end, ...inside.flatMap(phase => [phase.start, phase.end])]
    .filter(time => time >= start && time <= end)
    .sort((a, b) => a - b);
  const slices = new Map<string, Slice>();
  for (let i = 1; i < cuts.length; i += 1) {
    const [from, to] = [cuts[i - 1]!, cuts[i]!];
    if (to <= from) continue;
    const name = innermost(inside, from, to) ?? gapName(inside, from, to);
    const after = name === BETWEEN ? lastBefore(inside, from) : undefined;
    const key = `${name}\0${after}`;
    const ms = (slices.get(key)?.ms ?? 0) + to - from;
    slices.set(key, after === undefined ? { name, ms } : { name, ms, after });
  }
  return [...slices.values()];
}

function lastBefore(phases: readonly Phase[], time: number): string {
  const before = phases.filter(({ end }) => end <= time);
  return before.reduce((a, b) => (b.end > a.end ? b : a)).name;
}

function innermost(phases: readonly Phase[], from: number, to: number): string | undefined {
  const around = phases
    .filter(phase => phase.start <= from && phase.end >= to)
    .sort((a, b) => a.end - a.start - (b.end - b.start));
  const name = around[0]?.name;
  // The ways to the thread pool and back are gone twice.
  return name !== REMOVAL && around.some(phase => phase.name === REMOVAL) ? `${REMOVAL}: ${name}` : name;
}

function gapName(phases: readonly Phase[], from: number, to: number): string {
  const before = phases.filter(phase => phase.end <= from);
  const after = phases.filter(phase => phase.start >= to);
  if (after.length === 0) return RESULT;
  if (!before.some(({ name }) => FIRST_STEPS.includes(name))) return PREPARE;
  const started = before.some(({ name }) => name === SET_UP);
  return started && after.some(({ name }) => name === REMOVAL) ? COMMAND : BETWEEN;
}

/**
 * Where the time of one start goes.
 *
 * @param skiff opened with `trace`
 */
export async function measurePhases(
  skiff: Skiff,
  { rounds, warmUp = 5, signal }: { rounds: number; warmUp?: number; signal?: AbortSignal },
): Promise<PhasesResult> {
  const starts: { whole: number; slices: Slice[] }[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    if (signal?.aborted && starts.length > 0) break;
    const known = skiff.phases.length;
    const start = monotonicMs();
    await skiff.run([TRUE], { memory: MEMORY_LIMIT, stdout: 'ignore', stderr: 'ignore' });
    const end = monotonicMs();
    const slices = slicesOf(skiff.phases.slice(known), start, end);
    if (round >= 0) starts.push({ whole: end - start, slices });
  }
  return sumUp(starts);
}

/** Put the slices of many starts together, in the order in which they first came. */
export function sumUp(starts: readonly { whole: number; slices: readonly Slice[] }[]): PhasesResult {
  const all = starts.flatMap(({ slices }) => slices);
  const whole = sum(starts.map(start => start.whole));
  const shareOf = (slices: readonly Slice[]) => sum(slices.map(({ ms }) => ms)) / whole;
  const phases = unique(all.map(({ name }) => name)).map(name => {
    const times = starts.map(({ slices }) => sum(slices.filter(named(name)).map(({ ms }) => ms)));
    return { name, medianMs: median(times), share: shareOf(all.filter(named(name))) };
  });
  const gaps = all.filter(named(BETWEEN));
  const between = unique(gaps.map(({ after = '' }) => after))
    .map(after => ({ after, share: shareOf(gaps.filter(gap => (gap.after ?? '') === after)) }))
    .sort((a, b) => b.share - a.share);
  const covered = 1 - shareOf(gaps);
  return {
    wholeMs: median(starts.map(start => start.whole)),
    meanMs: whole / starts.length,
    covered,
    between,
    complete: covered >= COMPLETE,
    longest: phases.reduce((a, b) => (b.medianMs > a.medianMs ? b : a)).name,
    phases,
  };
}

function named(name: string): (slice: Slice) => boolean {
  return slice => slice.name === name;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
