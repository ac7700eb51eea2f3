import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../common/clock';
import { errorCode, SkiffError } from '../common/errors';
import { cgroupError } from './errors';
import { exists, readPids, type CgroupKernel } from './kernel';
import type { CgroupDirectory } from './types';

/**
 * How long killed processes get to leave, in ms: long for a kernel that tears down gigabytes, short for a
 * user.
 */
const BOUND_MS = 2000;
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 100;
/** Passes over cgroup.procs without a pause: a process that forks meanwhile is met in the next one. */
const KILL_PASSES = 8;
/** Pids named in an error. */
const SHOWN_PIDS = 10;

/**
 * Kill everything in the directories and remove them.
 *
 * rmdir comes first: after a normal end it succeeds at once, and nothing else is paid for. A process that has
 * just exited may keep its cgroup busy for some milliseconds, so the pauses start small and grow.
 */
export async function destroyDirectories(
  kernel: CgroupKernel,
  directories: CgroupDirectory[],
): Promise<void> {
  let left = directories.filter(({ path }) => !remove(kernel, path));
  const end = monotonicMs() + BOUND_MS;
  for (let pause = FIRST_PAUSE_MS; left.length > 0; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    for (const directory of left) killAll(kernel, directory);
    left = left.filter(({ path }) => !removeTree(kernel, path));
    if (left.length === 0) return;
    if (monotonicMs() > end) throw stuck(kernel, left);
    await sleep(pause);
  }
}

/** SIGKILL to every process in a directory and below it. */
export function killAll(kernel: CgroupKernel, directory: CgroupDirectory): void {
  if (directory.version === 2 && killByFile(kernel, directory.path)) return;
  if (directory.controllers.includes('pids')) stopForks(kernel, directory.path);
  for (let pass = 0; pass < KILL_PASSES; pass += 1) {
    const pids = processesIn(kernel, directory.path).filter(mayBeKilled);
    if (pids.length === 0) return;
    for (const pid of pids) kill(kernel, pid);
  }
  if (directory.controllers.includes('freezer')) thaw(kernel, directory.path);
}

/** With v1 a frozen process does not even die. */
function thaw(kernel: CgroupKernel, path: string): void {
  try {
    kernel.write(`${path}/freezer.state`, 'THAWED');
  } catch (error) {
    if (!['ENOENT', 'ENODEV'].includes(errorCode(error) ?? ''))
      throw cgroupError('cannot thaw the cgroup', path, error);
  }
}

/**
 * `cgroup.kill` (Linux 5.14) ends a whole tree in one step, forks included. False where the kernel has none.
 */
function killByFile(kernel: CgroupKernel, path: string): boolean {
  if (readPids(kernel, path).includes(process.pid)) return false;
  try {
    kernel.write(`${path}/cgroup.kill`, '1');
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw cgroupError('cannot kill the processes of the cgroup', path, error);
  }
}

/** From here on every fork in the cgroup fails, so that the loop that kills overtakes the one that forks. */
function stopForks(kernel: CgroupKernel, path: string): void {
  try {
    kernel.write(`${path}/pids.max`, '0');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw cgroupError('cannot stop forks in the cgroup', path, error);
  }
}

/** 0 is how a process of a foreign pid namespace looks; kill(2) would take it for our own process group. */
function mayBeKilled(pid: number): boolean {
  return pid > 0 && pid !== process.pid;
}

function kill(kernel: CgroupKernel, pid: number): void {
  try {
    kernel.kill(pid);
  } catch (error) {
    // Gone already, or not ours to kill: what stays is named when the time is up.
    if (!['ESRCH', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}

/** A directory and all those below it, each after the one it lies in. */
function tree(kernel: CgroupKernel, path: string): string[] {
  const directories = [path];
  for (let index = 0; index < directories.length; index += 1) {
    const directory = directories[index] ?? path;
    try {
      directories.push(...kernel.subdirectories(directory).map(name => `${directory}/${name}`));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw cgroupError('cannot look into the cgroup', directory, error);
    }
  }
  return directories;
}

function processesIn(kernel: CgroupKernel, path: string): number[] {
  return tree(kernel, path).flatMap(directory => readPids(kernel, directory));
}

/** Remove a directory with those below it, the deepest first; false while one of them is busy. */
function removeTree(kernel: CgroupKernel, path: string): boolean {
  return tree(kernel, path)
    .reverse()
    .map(directory => remove(kernel, directory))
    .every(Boolean);
}

/** False while the directory holds processes or other cgroups. One that is gone counts as removed. */
function remove(kernel: CgroupKernel, path: string): boolean {
  try {
    kernel.rmdir(path);
    return true;
  } catch (error) {
    const code = errorCode(error) ?? '';
    // In an outer container cgroups may be read-only: rmdir(2) says so of one that was never made, too.
    if (code === 'ENOENT' || (code === 'EROFS' && !exists(kernel, path))) return true;
    if (['EBUSY', 'ENOTEMPTY'].includes(code)) return false;
    throw cgroupError('cannot remove the cgroup', path, error);
  }
}

function stuck(kernel: CgroupKernel, left: CgroupDirectory[]): SkiffError {
  const paths = left.map(({ path }) => path);
  const pids = [...new Set(paths.flatMap(path => processesIn(kernel, path)))];
  const shown = pids
    .slice(0, SHOWN_PIDS)
    .map(pid => (pid === 0 ? 'one of another pid namespace' : String(pid)));
  const more = pids.length > SHOWN_PIDS ? ` and ${pids.length - SHOWN_PIDS} more` : '';
  const why = pids.length === 0 ? 'still busy' : `still holds process ${shown.join(', ')}${more}`;
  return new SkiffError(`cannot remove the cgroup: ${paths.join(', ')}: ${why} after ${BOUND_MS / 1000} s`, {
    code: 'EBUSY',
    syscall: 'rmdir',
    path: paths[0],
    step: 'cgroup',
    remedy:
      'A process in an uninterruptible wait (state D in ps) leaves when its wait ends; then remove the container again.',
  });
}
