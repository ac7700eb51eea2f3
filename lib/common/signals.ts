import os from 'node:os';
import { invalidArgument } from './errors';

/** First and last real-time signal as programs see them, signal(7). */
const RTMIN = 34;
const RTMAX = 64;

/**
 * Number of a signal: `9`, `KILL`, `SIGKILL`, `RTMIN+3`, in any case.
 *
 * @throws SkiffError INVALID_ARGUMENT, with Docker's wording
 */
export function parseSignal(given: string | number): number {
  const number = typeof given === 'number' ? given : numberOf(given.toUpperCase().replace(/^SIG/, ''));
  if (number !== undefined && Number.isInteger(number) && number > 0 && number <= RTMAX) return number;
  throw invalidArgument(`invalid signal: ${given}`, { remedy: "'kill -l' lists the names." });
}

function numberOf(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime) {
    const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1);
    const number = (realTime[1] === 'MIN' ? RTMIN : RTMAX) + offset;
    return number >= RTMIN && number <= RTMAX ? number : undefined;
  }
  return (os.constants.signals as Record<string, number>)[`SIG${name}`];
}
