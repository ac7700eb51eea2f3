import { isKeptAhead } from '../helpers/ahead';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Skiff } from '../../lib/engine';
import { settledLeaks, snapshot, type Snapshot } from '../helpers/leaks';
import { projectRoot } from '../helpers/run';
import { isUser } from '../helpers/user-mode';
import { until } from '../helpers/wait';
import { unlessGone } from '../helpers/unless-gone';

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
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return names.filter(name => !isKeptAhead(name)).map(name => path.join(part, name));
  });
}

/** Mounts of this mount namespace below a directory. */
export function mountsBelow(directory: string): string[] {
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter(line => line.split(' ')[4]?.startsWith(`${directory}/`));
}

/** Whether the pid is one of a process that runs: a zombie does not. */
export function isRunning(pid: number): boolean {
  const stat = unlessGone(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The state comes after the name, which may hold anything.
  const state = stat?.[stat.lastIndexOf(')') + 2] ?? 'X';
  return state !== 'Z' && state !== 'X';
}

/** Pids of the small processes of this name beside a process. */
export function companionsOf(pid: number, name: string): number[] {
  return childrenOf(pid).filter(child => isRunning(child) && commandOf(child) === name);
}

/**
 * Pids of the starters that a process has. What these have cloned shares their memory, and with that their name, until it
 * is a command; but is in a namespace of its own.
 */
export function startersOf(pid: number): number[] {
  const namespaceOf = (other: number | 'self') => unlessGone(() => fs.readlinkSync(`/proc/${other}/ns/pid`));
  return companionsOf(pid, 'skiff-starter').filter(found => namespaceOf(found) === namespaceOf('self'));
}

/** Have it start a few, so that its starter is there before anything is counted, and makes the inits from here on. */
export async function haveStarter(skiff: Skiff): Promise<number> {
  for (let i = 0; i < 3; i += 1) await skiff.run(['true']);
  return until('a starter', () => startersOf(process.pid)[0]);
}

/** Have all that is made with the first starts, and kept, there before anything is counted. A user has no starter. */
export async function haveFirstStarts(skiff: Skiff): Promise<void> {
  await (isUser ? skiff.run(['true']) : haveStarter(skiff));
}

/** Pids of the watchdogs that a process has. */
export function watchdogsOf(pid: number): number[] {
  return companionsOf(pid, 'skiff-watchdog');
}

/** Its children, theirs and so on. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap(child => [child, ...descendantsOf(child)]);
}

function childrenOf(pid: number): number[] {
  const tasks = unlessGone(() => fs.readdirSync(`/proc/${pid}/task`)) ?? [];
  const lists = tasks.map(task =>
    unlessGone(() => fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')),
  );
  return lists.flatMap(list => (list ?? '').split(' ').filter(Boolean).map(Number));
}

/** Its first argument; '' where it is gone. */
export function commandOf(pid: number): string {
  return unlessGone(() => fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.split('\0')[0] ?? '';
}

/** A program that uses the package as anybody's does, in a process of its own that speaks in lines. */
export class Program {
  private static readonly all = new Set<Program>();
  private readonly lines: AsyncIterator<string>;
  readonly ended: Promise<unknown>;

  private constructor(readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    Program.all.add(this);
    this.ended = once(child, 'close').finally(() => Program.all.delete(this));
    child.stdin!.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }

  /**
   * @param source body of an async function that has `Skiff`, `root`, `say(value)`, `hear()`, which resolves with the next
   * line of input, and `haveStarter(skiff)`
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
      const names = task => fs.readFileSync('/proc/self/task/' + task + '/children', 'utf8').trim().split(' ')
        .map(pid => {
          try { return fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0')[0]; } catch { return ''; }
        });
      const haveStarter = async skiff => {
        for (let i = 0; i < 100; i++) {
          await skiff.run(['true']);
          if (fs.readdirSync('/proc/self/task').flatMap(names).includes('skiff-starter')) return;
        }
      };
      (async () => { ${source} })().then(() => process.exit(0));`;
    // `env` stands for no wrapper.
    const [file = 'env', ...args] = wrapper;
    const child = spawn(file, [...args, process.execPath, '-e', text], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Program(child);
  }

  /** Kill those that a failed test left. */
  static async endAll(): Promise<void> {
    for (const program of [...Program.all]) await program.kill();
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
  const entries = unlessGone(() => fs.readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
}
