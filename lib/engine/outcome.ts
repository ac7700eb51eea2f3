import { invalidArgument, SkiffError } from '../common/errors';
import { withMembers } from '../common/with-members';
import { toOutputLimit } from '../spec/options';
import type * as Collect from './collect';
import type { Container, ExitResult, RunOptions, RunResult } from './options';
import type { Word } from '../spec/types';

const DEFAULT_MAX_BUFFER = 10 * 1024 * 1024;

/** How a command is started, and what its end is. */
export interface Runner<Started extends Command> {
  start: (options: RunOptions) => Promise<Started>;
  end: (started: Started) => Promise<ExitResult>;
}

type Command = Pick<Container, 'stdin' | 'stdout' | 'stderr' | 'kill' | 'remove'>;

/**
 * Run a command to its end and keep what it writes.
 *
 * @throws SkiffError ABORT_ERR when `signal` aborted it; COMMAND_FAILED when it failed and `reject` was asked for
 */
export async function runToEnd<Started extends Command>(
  command: readonly Word[],
  options: RunOptions,
  { start, end }: Runner<Started>,
): Promise<RunResult | RunResult<Buffer>> {
  const { input, maxBuffer = DEFAULT_MAX_BUFFER, signal } = options;
  if (!(maxBuffer >= 0)) throw invalidArgument(`invalid maxBuffer: ${maxBuffer}`);
  throwIfAborted(command, signal);
  // Not after the spread, for the reason of withMembers, which is not for objects of others.
  const given: RunOptions = { stdin: undefined, ...options };
  given.stdin ??= input === undefined ? 'ignore' : 'pipe';
  const loading = collecting();
  const container = await start(given);
  const { collect, feed } = await loading;
  const output = new OutputLimit(toOutputLimit(options.outputLimit), () => container.kill('SIGKILL'));
  const count = (bytes: number) => output.count(bytes);
  const [stdout, stderr, , result] = await Promise.all([
    collect(container.stdout, maxBuffer, count),
    collect(container.stderr, maxBuffer, count),
    input === undefined ? undefined : feed(container.stdin, input),
    end(container),
  ]).catch(async (error: unknown) => {
    // An input that broke: nobody waits for the command any more.
    await container.remove();
    throw error;
  });
  throwIfAborted(command, signal);
  // Here and not before: it may have ended by itself with more in the pipe than is allowed.
  if (output.isExceeded) result.verdict.status = 'output';
  const truncated = { stdout: stdout.truncated, stderr: stderr.truncated };
  const told = withMembers(result, { truncated });
  const text = withMembers(told, { stdout: stdout.bytes.toString(), stderr: stderr.bytes.toString() });
  if (options.reject && result.exitCode !== 0) throw commandFailed(command, text);
  return options.encoding === 'buffer'
    ? withMembers(told, { stdout: stdout.bytes, stderr: stderr.bytes })
    : text;
}

/** Counts the bytes of both streams, and kills once there are more than the limit. */
class OutputLimit {
  private bytes = 0;

  constructor(
    private readonly limit = Infinity,
    private readonly kill: () => void,
  ) {}

  get isExceeded(): boolean {
    return this.bytes > this.limit;
  }

  count(bytes: number): void {
    const wasExceeded = this.isExceeded;
    this.bytes += bytes;
    if (this.isExceeded && !wasExceeded) this.kill();
  }
}

let loaded: Promise<typeof Collect> | undefined;

/** Loaded once and at need: the command line keeps nothing of what its commands write. */
function collecting(): Promise<typeof Collect> {
  return (loaded ??= import('./collect'));
}

/** @throws SkiffError ABORT_ERR */
export function throwIfAborted(command: readonly Word[], signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new SkiffError(`${JSON.stringify(String(command[0]))} was aborted`, {
    code: 'ABORT_ERR',
    cause: signal.reason,
  });
}

function commandFailed(command: readonly Word[], result: RunResult): SkiffError {
  const how = result.timedOut
    ? 'timed out'
    : result.oomKilled
      ? 'ran into its memory limit'
      : result.signal
        ? `was ended by ${result.signal}`
        : `ended with exit code ${result.exitCode}`;
  return new SkiffError(`${JSON.stringify(String(command[0]))} ${how}`, {
    code: 'COMMAND_FAILED',
    exitCode: result.exitCode,
    cause: result,
  });
}
