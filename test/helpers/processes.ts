import fs from 'node:fs';
import { unlessGone } from './unless-gone';

/** All processes of this pid namespace. */
export function processIds(): number[] {
  return fs
    .readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
}

/** Parent, its parent and so on; empty where the process is gone. */
export function ancestors(pid: number): number[] {
  const found: number[] = [];
  for (let parent = parentOf(pid); parent !== undefined && parent > 0; parent = parentOf(parent))
    found.push(parent);
  return found;
}

/**
 * Whether a process has to do with a directory: its environment or arguments name it, or its mount namespace has a
 * mount of it, as a container's has whose layers lie there.
 */
export function belongsTo(pid: number, directory: string): boolean {
  const own = fs.readlinkSync('/proc/self/ns/mnt');
  return (
    isNamed(pid, directory) || (link(pid, 'ns/mnt') !== own && read(pid, 'mountinfo').includes(directory))
  );
}

/** Whether its environment or arguments name a directory, as those of all have that a test file's processes started. */
export function isNamed(pid: number, directory: string): boolean {
  return [read(pid, 'environ'), read(pid, 'cmdline')].some(text => text.includes(directory));
}

/** Its command line, or its name in brackets where it has none: a kernel thread or a zombie. */
export function processName(pid: number): string {
  const words = read(pid, 'cmdline').split('\0').join(' ').trim();
  return words || `[${read(pid, 'comm').trim()}]`;
}

function parentOf(pid: number): number | undefined {
  const stat = read(pid, 'stat');
  // The name before the last parenthesis may hold anything.
  return stat === '' ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** EINVAL: mountinfo of a process that has given up its namespaces, which is a zombie. */
const NOT_OURS = ['EACCES', 'EPERM', 'EINVAL'];

/** '' where the process is gone, or is none of ours. */
function read(pid: number, file: string): string {
  return unlessGone(() => fs.readFileSync(`/proc/${pid}/${file}`, 'latin1'), ...NOT_OURS) ?? '';
}

function link(pid: number, file: string): string {
  return unlessGone(() => fs.readlinkSync(`/proc/${pid}/${file}`), ...NOT_OURS) ?? '';
}
