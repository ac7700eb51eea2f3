import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { slowness } from './slowness';
import { tempRoot } from './temp';

/** The checkout that the tests belong to. */
export const projectRoot = path.join(__dirname, '..', '..');

/** The command line's entry in the checkout. */
export const skiffProgram = path.join(projectRoot, 'bin', 'run');

const TIMEOUT_MS = 30_000 * slowness;

export interface RunSettings {
  /** Written to its stdin, which ends then. Without it stdin is /dev/null. */
  input?: string | Uint8Array;
  /** On top of this process's environment; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
  /** After it the command is killed and the call rejects. 30 s where not given. */
  timeoutMs?: number;
  /** State root; without it all calls of a test file share one that is theirs alone. */
  root?: string;
  cwd?: string;
}

export interface Ran {
  /** Exit code; null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

let sharedRoot: string | undefined;

/** The state root of this test file, for all that do not need one of their own. */
export function fileRoot(): string {
  return (sharedRoot ??= tempRoot());
}

/** Start `./bin/run ARGS...` with three pipes; the caller ends it. */
export function start(args: readonly string[], settings: Omit<RunSettings, 'input' | 'timeoutMs'> = {}) {
  return spawn(skiffProgram, args, {
    cwd: settings.cwd,
    env: { ...process.env, SKIFF_ROOT: settings.root ?? fileRoot(), ...settings.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/**
 * `./bin/run ARGS...` to its end.
 *
 * @throws Error with what it had written, where it takes longer than `timeoutMs`
 */
export async function run(args: readonly string[], settings: RunSettings = {}): Promise<Ran> {
  const child = start(args, settings);
  // It may end without reading its input.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  child.stdin.end(settings.input);
  return finish(child, settings.timeoutMs ?? TIMEOUT_MS, `./bin/run ${args.join(' ')}`);
}

async function finish(child: ChildProcess, timeoutMs: number, what: string): Promise<Ran> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const ran = { code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
    if (isLate)
      throw new Error(`${what}: not done after ${timeoutMs} ms; it wrote ${ran.stdout}${ran.stderr}`);
    return ran;
  } finally {
    clearTimeout(timer);
  }
}
