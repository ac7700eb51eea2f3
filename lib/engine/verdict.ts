import os from 'node:os';
import type { ExitResult, Verdict } from './options';

type Ending = Omit<ExitResult, 'verdict'>;

/** What was hit of a container's limits, beside what its result tells anyway. */
export interface LimitHits {
  cpuTime: boolean;
  output: boolean;
  pids: boolean;
  disk: boolean;
}

/** Of a command whose limits are its container's. */
export const NO_HITS: LimitHits = { cpuTime: false, output: false, pids: false, disk: false };

/** Ended by this signal; or by the exit code that tells it: of a shell, or of the small init. */
function isEndedBy({ signal, exitCode }: Ending, name: 'SIGXCPU' | 'SIGXFSZ'): boolean {
  return signal === name || exitCode === 128 + os.constants.signals[name];
}

/** There are 64 of them, signal(7). */
const SIGNALS = 64;

/**
 * How a run went, in one word: the limit that ended it or that one of its processes ran into, else the signal, else the
 * exit code.
 */
export function verdictOf(result: Ending, hits: LimitHits, wallMs: number): Verdict {
  const { cpuMs, memoryPeakBytes } = result.usage;
  return { status: statusOf(result, hits), cpuMs, wallMs, memoryPeakBytes };
}

function statusOf(result: Ending, hits: LimitHits): Verdict['status'] {
  const { signal, exitCode } = result;
  if (hits.output) return 'output';
  if (hits.cpuTime || isEndedBy(result, 'SIGXCPU')) return 'cpu-time';
  if (result.timedOut) return 'timeout';
  if (result.oomKilled) return 'memory';
  if (hits.pids) return 'pids';
  if (hits.disk || isEndedBy(result, 'SIGXFSZ')) return 'disk';
  if (signal !== null || (exitCode > 128 && exitCode <= 128 + SIGNALS)) return 'signal';
  return exitCode === 0 ? 'ok' : 'nonzero';
}
