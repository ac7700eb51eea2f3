import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../common/errors';
import { mountPoints } from './mountinfo';

/** Characters of a failed program's stderr that an error quotes. */
const QUOTED = 300;

/** As whom a program runs, and with what; as this process does where nothing is said. */
export interface RunAs {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
}

/**
 * Where a program is.
 *
 * @param name searched on PATH, or a path
 * @returns undefined where it is not there or may not be run
 */
export function findProgram(name: string): string | undefined {
  const candidates = name.includes('/')
    ? [path.resolve(name)]
    : (process.env.PATH ?? '').split(':').map(directory => path.join(directory || '.', name));
  return candidates.find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    // Not there, or not for us: the next directory may have it.
    return false;
  }
}

/**
 * Time a program from the call that spawns it to the notice of its exit; nothing is piped.
 *
 * @returns ms
 * @throws SkiffError where it ended with another exit code than 0
 */
export async function timeProgram(file: string, args: readonly string[], as: RunAs = {}): Promise<number> {
  const start = performance.now();
  await new Promise<void>((resolve, reject) => {
    const child = spawn(file, args, { ...as, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(failure(file, `ended with ${signal ?? `exit code ${code}`}`));
    });
  });
  return performance.now() - start;
}

/**
 * Run a program once and keep what it writes: whether it works here, and if not, why.
 *
 * @param options.timeoutMs after it the program is killed
 * @returns its stdout
 * @throws SkiffError that quotes its stderr
 */
export function tryProgram(
  file: string,
  args: readonly string[],
  { env, timeoutMs }: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(output).toString());
      const told = Buffer.concat(errors).toString().trim().slice(0, QUOTED);
      reject(failure(file, told || `ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The first line that it answers to `--version` with. */
export async function versionOf(program: string): Promise<string> {
  const [line = ''] = (await tryProgram(program, ['--version'])).split('\n');
  return line.trim();
}

/** Take off what programs that were killed left mounted below a directory, the innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounted = mountPoints().filter(mountPoint => mountPoint.startsWith(`${directory}/`));
  for (const mountPoint of mounted.reverse()) await tryProgram('umount', ['--lazy', mountPoint]);
}

function failure(file: string, reason: string): SkiffError {
  return new SkiffError(`${path.basename(file)}: ${reason}`, { code: 'PROGRAM_FAILED', path: file });
}
