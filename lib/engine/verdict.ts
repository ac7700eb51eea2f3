import os from 'node:os';
import type { ExitResult, Verdict } from './options';

type Ending = Omit<ExitResult, 'verdict'>;

/** What was hit of a container's limits, beside what its result tells anyway. */
export interface LimitHits {
  cpuTime: boolean;
  pids: boolean;
  disk: boolean;
}

/** Of a command whose limits are its container's. */
export const NO_HITS: LimitHits = { cpuTime: false, pids: false, disk: false };

/** Ended by this signal; or by the exit code that tells it: of a shell, or of the small init. */
function isEndedBy({ signal, exitCode }: Ending, name: 'SIGXCPU' | 'SIGXFSZ'): boolean {
  return signal === name || exitCode === 128 + os.constants.signals[name];
}

/** There are 64 of them, signal(7). */
const SIGNALS = 64;

/**
 * How a run went, in one word: the limit that was hit, else the signal, else the exit code. Of several limits it is the
 * cause: what goes on after a limit that only refuses is ended by one of time, and a fork that is refused takes memory
 * until the kernel comes to free it. Output is counted elsewhere, by whoever reads it.
 */
export function verdictOf(result: Ending, hits: LimitHits, wallMs: number): Verdict {
  const { cpuMs, memoryPeakBytes } = result.usage;
  return { status: statusOf(result, hits), cpuMs, wallMs, memoryPeakBytes };
}

function statusOf(result: Ending, hits: LimitHits): Verdict['status'] {
  const { signal, exitCode } = result;
  if (hits.pids) return 'pids';
  if (result.oomKilled) return 'memory';
  if (hits.disk || isEndedBy(result, 'SIGXFSZ')) return 'disk';
  if (hits.cpuTime || isEndedBy(result, 'SIGXCPU')) return 'cpu-time';
  if (result.timedOut) return 'timeout';
  if (signal !== null || (exitCode > 128 && exitCode <= 128 + SIGNALS)) return 'signal';
  return exitCode === 0 ? 'ok' : 'nonzero';
}
