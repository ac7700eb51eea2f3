import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot, run, type Ran } from '../helpers/run';

/** A command of skiff on a root of its own. */
export type Cli = (...args: string[]) => Promise<Ran>;

export function cliOn(root: string, input?: string): Cli {
  return (...args) => run(args, { root, ...(input !== undefined && { input }) });
}

/** What a command that must succeed wrote, without the newline at its end. */
export async function told(ran: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await ran;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return `${stdout}`.replace(/\n$/, '');
}

/** How a command failed that must fail: its exit code and all that it said. */
export async function failure(ran: Promise<Ran>): Promise<{ code: number | null; said: string }> {
  const { code, stderr } = await ran;
  expect(code).not.toBe(0);
  return { code, said: stderr.trimEnd() };
}

/** Names of all that lies among the volumes of a root: volumes, and what is half of one. */
export function entriesOf(root: string): string[] {
  const directory = path.join(root, 'volumes');
  return fs.existsSync(directory) ? fs.readdirSync(directory).sort() : [];
}

export function dataOf(root: string, name: string, ...names: string[]): string {
  return path.join(root, 'volumes', name, '_data', ...names);
}

/** A directory with busybox in it, to be changed and run by `rootfs`. */
export function makeRootfs(directory: string): string {
  fs.mkdirSync(directory, { recursive: true });
  execFileSync('tar', ['-xf', path.join(projectRoot, 'busybox.tar'), '-C', directory]);
  return directory;
}

/** Remove the containers that a test kept. */
export async function removeContainers(root: string): Promise<void> {
  const directory = path.join(root, 'containers');
  const ids = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
  if (ids.length > 0) await told(run(['rm', ...ids], { root }));
}
