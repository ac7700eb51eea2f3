import fs from 'node:fs';
import { errorCode } from './errors';

/** The host's own user namespace, the same number on every machine: PROC_USER_INIT_INO of the kernel's proc_ns.h. */
const OF_THE_HOST = 'user:[4026531837]';

/** The user namespace that a user without privileges has all containers in. */
export interface Rootless {
  /** Of the user, as the host has them: root of the namespace. */
  uid: number;
  gid: number;
  /** `range`: with subordinate ids, subuid(5). `single`: root is all that there is, and setgroups(2) is denied. */
  ids: 'range' | 'single';
}

let found: { rootless: Rootless | undefined } | undefined;

/**
 * The namespace that this process works in; undefined where it is the host's root, or nobody. It is looked for once: a
 * process of several threads, as node is, can not enter another, setns(2).
 */
export function currentRootless(): Rootless | undefined {
  found ??= { rootless: readRootless() };
  return found.rootless;
}

/**
 * The same as the kernel tells it: nothing that a program does to its environment changes the answer.
 *
 * @param directory that stands for /proc/self
 */
export function readRootless(directory = '/proc/self'): Rootless | undefined {
  const inHost = readUserNamespace(directory) === OF_THE_HOST;
  if (inHost || !isRootWithNeeded(directory)) return undefined;
  const [uids, gids] = [readMap(`${directory}/uid_map`), readMap(`${directory}/gid_map`)];
  const ids = [uids, gids].every(({ count }) => count === 1) ? 'single' : 'range';
  return { uid: uids.ofRoot, gid: gids.ofRoot, ids };
}

/** Where the kernel has none of the kind, all are in the host's. */
function readUserNamespace(directory: string): string {
  try {
    return fs.readlinkSync(`${directory}/ns/user`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return OF_THE_HOST;
    throw error;
  }
}

/** What a map of ids says, user_namespaces(7): whom root is outside, and how many ids there are. */
function readMap(file: string): { ofRoot: number; count: number } {
  const lines = fs.readFileSync(file, 'latin1').trim().split('\n');
  const mappings = lines.map(line => line.trim().split(/\s+/).map(Number));
  const [, ofRoot = 0] = mappings.find(([inside]) => inside === 0) ?? [];
  return { ofRoot, count: mappings.reduce((sum, [, , count = 0]) => sum + count, 0) };
}

/** Whether this process works in a user's own namespaces. */
export function isRootless(): boolean {
  return currentRootless() !== undefined;
}

/**
 * Capabilities that root starts containers with, bits as in capabilities(7): CAP_SYS_ADMIN and CAP_NET_ADMIN for their
 * namespaces, and those that a container gets where nothing else is said, which nobody can give on who has not got them.
 */
const NEEDED = (1n << 21n) | (1n << 12n) | 0xa80425fbn;

/**
 * Whether this process can start containers only in namespaces that it enters first: any user but root does, and so does
 * root who lacks a capability for it, as in a container without privileges. In a user namespace of its own it has all.
 */
export function needsNamespaces(): boolean {
  return !isRootWithNeeded('/proc/self');
}

/** Whether a process is root with these in its user namespace; proc_pid_status(5). */
function isRootWithNeeded(directory: string): boolean {
  const status = fs.readFileSync(`${directory}/status`, 'latin1');
  const [, user] = /^Uid:\s*\d+\s+(\d+)/m.exec(status) ?? [];
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return user === '0' && (BigInt(`0x${effective}`) & NEEDED) === NEEDED;
}
