import path from 'node:path';
import { invalidArgument } from '../common/errors';
import type { Mount } from './types';

/** Files of /proc that something may be mounted on, as runc has them: lxcfs shows a container its own figures there. */
const PROC_FILES = [
  'cpuinfo',
  'diskstats',
  'meminfo',
  'stat',
  'swaps',
  'uptime',
  'loadavg',
  'slabinfo',
  'sys/kernel/ns_last_pid',
  'sys/crypto/fips_enabled',
].map(name => `/proc/${name}`);

/**
 * Where in the container something is mounted.
 *
 * @returns the path made plain
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toDestination(given: string): string {
  if (!given.startsWith('/')) {
    throw invalidArgument(`invalid mount path: '${given}' mount path must be absolute`);
  }
  const destination = plainPath(given);
  if (destination === '/') throw invalidArgument("invalid specification: destination can't be '/'");
  return destination;
}

/** Without `.`, `..` and double slashes. Thousands of mounts can be asked for, and few of them need a rewrite. */
export function plainPath(given: string): string {
  const isPlain =
    given.startsWith('/') && !given.includes('/.') && !given.includes('//') && !given.endsWith('/');
  return isPlain ? given : path.resolve(given);
}

/**
 * What the user asked to be mounted, in the order in which each is seen: what is mounted at `/a` would hide what is
 * mounted at `/a/b` before it.
 *
 * @throws SkiffError INVALID_ARGUMENT for a destination that is given twice, or that lies in /proc
 */
export function inOrder(mounts: readonly Mount[]): Mount[] {
  const seen = new Set<string>();
  for (const mount of mounts) {
    const { destination } = mount;
    if (seen.has(destination)) throw invalidArgument(`Duplicate mount point: ${destination}`);
    seen.add(destination);
    refuseProc(mount);
  }
  const byDepth: Mount[][] = [];
  for (const mount of mounts) (byDepth[depthOf(mount.destination)] ??= []).push(mount);
  // Of the depths that nothing is at there is no list.
  return byDepth.flat();
}

/**
 * The host's /proc may be mounted over the container's, and files over a few of it. Anything else there would stand in
 * for what the kernel tells and for what this program writes to it.
 */
function refuseProc({ destination, type }: Mount): void {
  const isAllowed =
    destination === '/proc'
      ? type === 'bind'
      : !destination.startsWith('/proc/') || (type === 'bind' && PROC_FILES.includes(destination));
  if (!isAllowed) throw invalidArgument(`"${destination}" cannot be mounted because it is inside /proc`);
}

function depthOf(path: string): number {
  let depth = 0;
  for (let slash = -1; (slash = path.indexOf('/', slash + 1)) >= 0;) depth += 1;
  return depth;
}
