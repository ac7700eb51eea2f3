import fs from 'node:fs';
import { Skiff } from '../../lib/engine';
import type { Container, RunOptions, StartOptions } from '../../lib/engine/options';
import { processIds } from '../helpers/processes';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { unlessGone } from '../helpers/unless-gone';

/** An engine for all tests of a file, on a root of its own. Call the result within a test. */
export function useSkiff(): () => Skiff {
  let skiff: Skiff | undefined;
  beforeAll(async () => {
    skiff = await Skiff.open({ root: tempRoot() });
  });
  afterAll(() => skiff?.close());
  return () => skiff!;
}

/** A shell that runs a script; the arguments are its `$1` and so on. */
export function sh(script: string, ...args: string[]): string[] {
  return ['sh', '-c', script, 'sh', ...args];
}

/** What a command wrote, without the newline at its end. The test fails with what it said where the command fails. */
export async function output(skiff: Skiff, command: string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await skiff.run(command, options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.replace(/\n$/, '');
}

/** A container whose command waits for the end of its input: for a look at it from outside. */
export async function waiting(skiff: Skiff, options: StartOptions = {}): Promise<Container> {
  const container = await skiff.start(sh('echo up; exec cat'), options);
  container.stdout!.resume();
  await until('cat of the container', () => commandLine(container.pid) === 'cat' || undefined);
  return container;
}

/** Words of a process's command line with blanks between them; '' where it is gone. */
export function commandLine(pid: number): string {
  return readProc(pid, 'cmdline').split('\0').join(' ').trim();
}

/** A field of /proc/PID/status. */
export function statusField(pid: number, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readProc(pid, 'status'))?.[1]?.trim();
}

/** All processes in the PID namespace of this one, itself among them. */
export function processesWith(pid: number): number[] {
  const namespace = namespaceOf(pid, 'pid');
  return processIds().filter(other => namespaceOf(other, 'pid') === namespace);
}

/** All processes whose arguments have this text: those that a container's command left would have it. */
export function processesNaming(text: string): number[] {
  return processIds().filter(pid => pid !== process.pid && readProc(pid, 'cmdline').includes(text));
}

/** Identity of a namespace, `uts:[4026531838]`; undefined where the process is gone. */
export function namespaceOf(pid: number | 'self', name: string): string | undefined {
  return unlessGone(() => fs.readlinkSync(`/proc/${pid}/ns/${name}`), 'EACCES');
}

/** A file of /proc/PID; '' where the process is gone. */
export function readProc(pid: number, file: string): string {
  return unlessGone(() => fs.readFileSync(`/proc/${pid}/${file}`, 'latin1'), 'EACCES') ?? '';
}
