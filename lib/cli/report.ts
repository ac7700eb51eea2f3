import { errorMessage, SkiffError } from '../common/errors';
import { formatBytes, formatDuration } from '../common/units';
import type { ExitResult, Verdict } from '../engine/options';
import { writeErr } from './output';

/** Exit code for failures of skiff itself, as Docker has it. */
export const OWN_FAILURE = 125;

/**
 * Tell about a failure: one line, a second with the remedy where there is one, and the stack only with DEBUG.
 *
 * @returns the exit code
 */
export function reportError(error: unknown): number {
  writeErr(formatError(error, Boolean(process.env.DEBUG)));
  return SkiffError.is(error) ? error.exitCode : OWN_FAILURE;
}

/** The text of a failure: `skiff: <what>: <path or name>: <reason>`. */
export function formatError(error: unknown, withStack: boolean): string {
  const lines = [`skiff: ${oneLine(errorMessage(error))}`];
  if (SkiffError.is(error) && error.remedy) lines.push(error.remedy);
  if (withStack && error instanceof Error && error.stack) lines.push(error.stack);
  return `${lines.join('\n')}\n`;
}

/** What a verdict says that nothing else does. */
const OTHER_LIMITS: Partial<Record<Verdict['status'], string>> = {
  'cpu-time': 'limit of CPU time reached: killed',
  output: 'limit of output reached: killed',
  pids: 'limit of processes reached',
  disk: 'limit of file size, or of the size of the work directory or root, reached',
};

/** What the user should know beside the exit code; '' where there is nothing. */
export function formatEnd(result: ExitResult, limits: { timeout?: number; memory?: number }): string {
  const lines: string[] = [];
  if (result.timedOut) {
    const after = limits.timeout === undefined ? '' : ` after ${formatDuration(limits.timeout)}`;
    lines.push(`skiff: timed out${after}: killed`);
  }
  if (result.oomKilled) {
    const limit = limits.memory === undefined ? '' : ` of ${formatBytes(limits.memory)}`;
    const peak = result.usage.memoryPeakBytes;
    const reached = peak > 0 ? ` (peak ${formatBytes(peak)})` : '';
    lines.push(`skiff: memory limit${limit} reached${reached}: a process was killed`);
  }
  const other = OTHER_LIMITS[result.verdict.status];
  if (other) lines.push(`skiff: ${other}`);
  return lines.map(line => `${line}\n`).join('');
}

/** A name in a message may hold line breaks and terminal codes: they must not pass for output of skiff's. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1));
}
