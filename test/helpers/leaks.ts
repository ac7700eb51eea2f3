import fs from 'node:fs';
import path from 'node:path';
import { ROOT_PREFIX } from './temp';
import { ancestors, belongsTo, isNamed, processIds, processName } from './processes';
import { unlessGone } from './unless-gone';

/**
 * What a test file can leave behind, each as a line that a person can act on. Other tests and other people may use the
 * machine at the same time: mounts, processes and entries are told apart by the directory that the file has for itself
 * and by descent, cgroups by the processes in them.
 */
export interface Snapshot {
  mounts: string[];
  cgroups: string[];
  processes: string[];
  descriptors: string[];
  entries: string[];
}

const CGROUPS = '/sys/fs/cgroup';
const SETTLE_MS = 3_000;
const INTERVAL_MS = 50;

/**
 * What there is now.
 *
 * @param directory of the test file: its TMPDIR
 */
export function snapshot(directory: string): Snapshot {
  return {
    mounts: mounts(directory),
    cgroups: cgroups(directory),
    processes: processes(directory),
    descriptors: descriptors(),
    entries: entries(directory),
  };
}

/** What `after` has and `before` had not, one line each; empty where nothing was left. */
export function leaks(before: Snapshot, after: Snapshot): string[] {
  const kinds = Object.keys(before) as (keyof Snapshot)[];
  return kinds.flatMap(kind =>
    after[kind].filter(line => !before[kind].includes(line)).map(line => `${singular[kind]} ${line}`),
  );
}

/** @throws Error that names everything which `after` has and `before` had not */
export function expectNoLeaks(before: Snapshot, after: Snapshot): void {
  const left = leaks(before, after);
  if (left.length > 0) throw new Error(`left behind:\n  ${left.join('\n  ')}`);
}

/** What is still left when everything that ends by itself had three seconds for it. */
export async function settledLeaks(before: Snapshot, directory: string): Promise<string[]> {
  const end = performance.now() + SETTLE_MS;
  let left = leaks(before, snapshot(directory));
  while (left.length > 0 && performance.now() < end) {
    await new Promise(resolve => setTimeout(resolve, INTERVAL_MS));
    // A lasting leak is in every look; what another run at the same time has is in one of them.
    const still = leaks(before, snapshot(directory));
    const seen = left.map(identity);
    left = still.filter(line => seen.includes(identity(line)));
  }
  return left;
}

/** A process may become another program between two looks, and is the same one. */
function identity(line: string): string {
  return line.replace(/^(process \d+) .*/s, '$1');
}

/**
 * Kill what a test file left running, so that nothing of it is waited for: neither a child nor a container that this
 * process has under watch. A process counts only where it descends from this one or was given the directory's name:
 * that its mount namespace has a mount of the directory can be said of the machine's first process, too.
 */
export function endRemains(before: Snapshot, directory: string): void {
  const spared = [process.pid, ...ancestors(process.pid)];
  for (const pid of processIds()) {
    if (spared.includes(pid) || before.processes.includes(describe(pid))) continue;
    if (!ancestors(pid).includes(process.pid) && !isNamed(pid, directory)) continue;
    unlessGone(() => process.kill(pid, 'SIGKILL'));
  }
}

const singular: Record<keyof Snapshot, string> = {
  mounts: 'mount',
  cgroups: 'cgroup',
  processes: 'process',
  descriptors: 'descriptor',
  entries: 'file or directory',
};

/** Lines of this mount namespace with the directory in them: as a mount point, a bind's source, an overlay's layer. */
function mounts(directory: string): string[] {
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter(line => line.includes(directory));
}

/** Every process that is ours or descends from us, zombies included. */
function processes(directory: string): string[] {
  return processIds()
    .filter(pid => isOurs(pid, directory))
    .map(describe);
}

function describe(pid: number): string {
  return `${pid} ${processName(pid)}`;
}

function isOurs(pid: number, directory: string): boolean {
  return pid !== process.pid && (ancestors(pid).includes(process.pid) || belongsTo(pid, directory));
}

/** Containers' cgroups: the empty ones, which nobody may have for long, and those with processes of ours. */
function cgroups(directory: string): string[] {
  return containerCgroups(CGROUPS).filter(cgroup => {
    const pids = pidsIn(cgroup);
    // One without processes tells nothing but its owner.
    if (fs.statSync(cgroup, { throwIfNoEntry: false })?.uid !== process.getuid!()) return false;
    return pids?.every(pid => isOurs(pid, directory)) ?? false;
  });
}

function containerCgroups(directory: string): string[] {
  return subdirectories(directory).flatMap(name => {
    const inner = path.join(directory, name);
    return name.startsWith('skiff-') ? [inner] : containerCgroups(inner);
  });
}

function subdirectories(directory: string): string[] {
  const entries = unlessGone(() => fs.readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
}

function pidsIn(cgroup: string): number[] | undefined {
  const text = unlessGone(() => fs.readFileSync(path.join(cgroup, 'cgroup.procs'), 'utf8'));
  return text?.split('\n').filter(Boolean).map(Number);
}

function descriptors(): string[] {
  const all = fs.readdirSync('/proc/self/fd').map(fd => {
    const target = unlessGone(() => fs.readlinkSync(`/proc/self/fd/${fd}`));
    return target === undefined ? undefined : `${fd} ${target}`;
  });
  // The one that this function reads by is gone already, as is its entry.
  return all.filter(line => line !== undefined);
}

/** The directory's content, and of state roots in it the containers. */
function entries(directory: string): string[] {
  const names = fs.readdirSync(directory);
  const files = names.filter(name => !name.startsWith(ROOT_PREFIX)).map(name => path.join(directory, name));
  const roots = names.filter(name => name.startsWith(ROOT_PREFIX));
  return [...files, ...roots.flatMap(name => containersIn(path.join(directory, name)))];
}

function containersIn(root: string): string[] {
  return ['containers', 'names'].flatMap(part => {
    const folder = path.join(root, part);
    return (unlessGone(() => fs.readdirSync(folder)) ?? []).map(name => path.join(folder, name));
  });
}
