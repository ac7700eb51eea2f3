import fs from 'node:fs';
import { errorCode } from './errors';

/** One process among all that ever had or will have its pid: pid, start time, boot and PID namespace together. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat, proc(5). */
  startTime: number;
  /** /proc/sys/kernel/random/boot_id. */
  bootId: string;
  /** Inode of /proc/self/ns/pid: a pid means something within one PID namespace only, pid_namespaces(7). */
  pidNamespace: string;
}

/**
 * Who a process is.
 *
 * @returns undefined where there is none with that pid, or only a zombie of it
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined
    ? undefined
    : { pid, startTime, bootId: bootId(), pidNamespace: pidNamespace() };
}

/**
 * That very process still runs; a zombie does not. One of another PID namespace of this boot can not be looked at and
 * is taken for alive: nobody's things are removed on a guess.
 */
export function isAlive({ pid, startTime, bootId: boot, pidNamespace: namespace }: ProcessIdentity): boolean {
  if (boot !== bootId()) return false;
  return namespace !== pidNamespace() || startTimeOf(pid) === startTime;
}

/** That very process runs and its pid means it here: only such a one may be sent a signal by its pid. */
export function isAliveHere(identity: ProcessIdentity): boolean {
  return identity.pidNamespace === pidNamespace() && isAlive(identity);
}

/** What stays the same as long as this process lives, and is asked for with each of a thousand records. */
let ownNamespace: string | undefined;
let ownBoot: string | undefined;

function pidNamespace(): string {
  return (ownNamespace ??= /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0');
}

/** The kernel's name for this boot. */
export function bootId(): string {
  return (ownBoot ??= fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
}

function startTimeOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
  // The command's name stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}
