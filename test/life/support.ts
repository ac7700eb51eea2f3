import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { settledLeaks, snapshot, type Snapshot } from '../helpers/leaks';
import { projectRoot } from '../helpers/run';

/** How many rounds the tests that kill at random do: SKIFF_KILL_ROUNDS, else 60. */
export const KILL_ROUNDS = Number(process.env.SKIFF_KILL_ROUNDS ?? 60);

/** What there is before a test; to be given to {@link leftSince}. */
export function lookAround(): Snapshot {
  return snapshot(os.tmpdir());
}

/** What a test left of all that the test file has to do with, one line each. */
export function leftSince(before: Snapshot): Promise<string[]> {
  return settledLeaks(before, os.tmpdir());
}

/** What a root directory holds of containers: their directories and names. */
export function containersOf(root: string): string[] {
  return ['containers', 'names'].flatMap(part => {
    const folder = path.join(root, part);
    return fs.existsSync(folder) ? fs.readdirSync(folder).map(name => path.join(part, name)) : [];
  });
}

/** Mounts of this mount namespace below a directory. */
export function mountsBelow(directory: string): string[] {
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter(line => line.split(' ')[4]?.startsWith(`${directory}/`));
}

/** Whether the pid is one of a process that runs: a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return false;
    throw error;
  }
}

/** Pids of the watchdogs that a process has. */
export function watchdogsOf(pid: number): number[] {
  const tasks = fs.readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap(task =>
    fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return children.filter(child => isRunning(child) && commandOf(child) === 'skiff-watchdog');
}

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}

/** A program that uses the package as anybody's does, in a process of its own that speaks in lines. */
export class Program {
  private readonly lines: AsyncIterator<string>;
  readonly ended: Promise<unknown>;

  private constructor(readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    this.ended = once(child, 'close');
    child.stdin!.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }

  /**
   * @param source body of an async function that has `Skiff`, `root`, `say(value)` and `hear()`, which resolves
   * with the next line of input
   * @param wrapper command that it is started by, such as `prlimit`
   */
  static start(source: string, root: string, wrapper: readonly string[] = []): Program {
    const text = `
      const fs = require('node:fs');
      const { Skiff } = require(${JSON.stringify(path.join(projectRoot, 'dist'))});
      const root = ${JSON.stringify(root)};
      const say = value => fs.writeSync(1, JSON.stringify(value) + '\\n');
      const lines = require('node:readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]();
      const hear = async () => (await lines.next()).value;
      (async () => { ${source} })().then(() => process.exit(0));`;
    // `env` stands for no wrapper.
    const [file = 'env', ...args] = wrapper;
    const child = spawn(file, [...args, process.execPath, '-e', text], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Program(child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  tell(line = ''): void {
    this.child.stdin!.write(`${line}\n`);
  }

  /** The next value that it says; undefined at its end. */
  async heard<T>(): Promise<T | undefined> {
    const { value, done } = await this.lines.next();
    return done ? undefined : (JSON.parse(value) as T);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** The cgroup directories of a container, in every hierarchy. */
export function cgroupsOf(id: string): string[] {
  return search('/sys/fs/cgroup', `skiff-${id}`);
}

function search(directory: string, wanted: string): string[] {
  return subdirectories(directory).flatMap(name => {
    const inner = path.join(directory, name);
    if (name === wanted) return [inner];
    // Other containers' cgroups hold none of this one.
    return name.startsWith('skiff-') ? [] : search(inner, wanted);
  });
}

function subdirectories(directory: string): string[] {
  try {
    const entries = fs.readdirSync(directory, { withFileTypes: true });
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    // Other people's cgroups come and go.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV') return [];
    throw error;
  }
}
