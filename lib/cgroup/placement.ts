import path from 'node:path';
import { errorCode, SkiffError } from '../common/errors';
import { cgroupError, DELEGATE_REMEDY } from './errors';
import { readIfThere, readPids, readWords, type CgroupKernel } from './kernel';
import type { Placement } from './manager';

/** The leaf that takes this process itself where its cgroup is to have children with controllers. */
export const SELF_LEAF = 'skiff.self';

/** Why a cgroup cannot hand controllers to a new child. */
interface Obstacle {
  directory: string;
  kind: 'processes' | 'missing' | 'denied';
  controllers: readonly string[];
  cause?: unknown;
}

/** Whether controllers may be switched on and processes moved, or only looked at. */
interface Options {
  change: boolean;
}

/**
 * Find the cgroup nearest to our own, upwards, in which a child with the wanted controllers can be made, and
 * (with `change`) switch them on down to it. Nearest, so that what limits us limits the container too.
 *
 * A v2 cgroup other than the root hands out controllers only while it holds no process itself (the "no
 * internal processes" rule of cgroups(7)). Our own cgroup is usable all the same where nothing but this
 * process and its descendants live there, as in a fresh `systemd-run --scope`: they then move into a leaf
 * below it. Foreign processes are never moved; the cgroups above are tried instead.
 *
 * @returns the directory, or the error that tells the nearest obstacle
 */
export function findPlace(placement: Placement, { change }: Options): string | SkiffError {
  const { kernel, hierarchy, controllers } = placement;
  if (controllers.length === 0) return hierarchy.own;
  const obstacles: Obstacle[] = [];
  for (const directory of upwards(hierarchy.own, hierarchy.mountPoint)) {
    const obstacle =
      clearProcesses(placement, directory, { change }) ??
      (kernel.writable(directory) ? undefined : { directory, kind: 'denied' as const, controllers }) ??
      distribute(placement, directory, controllers, { change });
    if (!obstacle) return directory;
    obstacles.push(obstacle);
  }
  // That our own cgroup holds processes is the rule; what stopped us further up is the news.
  const told = obstacles.find(({ kind }) => kind !== 'processes') ?? obstacles[0];
  return obstacleError(placement, told);
}

/** A directory and those above it, up to the mount point. */
function upwards(directory: string, mountPoint: string): string[] {
  const directories = [directory];
  for (let next = directory; next !== mountPoint && next.length > mountPoint.length;) {
    next = path.dirname(next);
    directories.push(next);
  }
  return directories;
}

/** Make sure that a cgroup holds no process of its own; undefined where it does not, or is the root. */
function clearProcesses(
  { kernel, hierarchy, controllers }: Placement,
  directory: string,
  { change }: Options,
): Obstacle | undefined {
  // Only the root of the whole tree has no type file; the root of a cgroup namespace has one.
  const isRoot =
    directory === hierarchy.mountPoint && readIfThere(kernel, `${directory}/cgroup.type`) === undefined;
  if (isRoot) return undefined;
  const pids = readPids(kernel, directory);
  if (pids.length === 0) return undefined;
  const movable = directory === hierarchy.own && pids.every(pid => isOurs(kernel, pid));
  if (!movable) return { directory, kind: 'processes', controllers };
  if (!change) return undefined;
  try {
    moveToLeaf(kernel, directory);
    return undefined;
  } catch (cause) {
    return { directory, kind: 'denied', controllers, cause };
  }
}

/** This process or one that descends from it. */
function isOurs(kernel: CgroupKernel, pid: number): boolean {
  for (let next = pid; next > 0; next = parentOf(kernel, next)) {
    if (next === process.pid) return true;
  }
  return false;
}

/**
 * The parent's pid; 0 where the process is gone. The name in brackets may hold anything, proc_pid_stat(5).
 */
function parentOf(kernel: CgroupKernel, pid: number): number {
  const stat = readIfThere(kernel, `/proc/${pid}/stat`) ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[1] ?? 0);
}

/** Twice, for a child that was born while the first list was worked off. */
function moveToLeaf(kernel: CgroupKernel, directory: string): void {
  const leaf = `${directory}/${SELF_LEAF}`;
  try {
    kernel.mkdir(leaf);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  for (let round = 0; round < 2; round += 1) {
    for (const pid of readPids(kernel, directory)) {
      try {
        kernel.write(`${leaf}/cgroup.procs`, String(pid));
      } catch (error) {
        if (errorCode(error) !== 'ESRCH') throw error;
      }
    }
  }
}

/**
 * Have a cgroup hand controllers to its children, and first have the cgroups above hand them to it.
 *
 * @returns the obstacle, or undefined when all are handed down
 */
function distribute(
  placement: Placement,
  directory: string,
  controllers: readonly string[],
  options: Options,
): Obstacle | undefined {
  const { kernel, hierarchy } = placement;
  const control = `${directory}/cgroup.subtree_control`;
  const handed = readWords(kernel, control);
  const wanted = controllers.filter(name => !handed.includes(name));
  if (wanted.length === 0) return undefined;

  const own = readWords(kernel, `${directory}/cgroup.controllers`);
  const missing = wanted.filter(name => !own.includes(name));
  if (missing.length > 0) {
    if (directory === hierarchy.mountPoint) return { directory, kind: 'missing', controllers: missing };
    const obstacle = distribute(placement, path.dirname(directory), missing, options);
    if (obstacle) return obstacle;
  }
  if (!options.change) {
    return kernel.writable(control) ? undefined : { directory, kind: 'denied', controllers: wanted };
  }
  try {
    kernel.write(control, wanted.map(name => `+${name}`).join(' '));
    return undefined;
  } catch (cause) {
    const kind =
      errorCode(cause) === 'EBUSY' ? 'processes' : errorCode(cause) === 'ENOENT' ? 'missing' : 'denied';
    return { directory, kind, controllers: wanted, cause };
  }
}

function obstacleError({ controllers, hierarchy }: Placement, obstacle: Obstacle | undefined): SkiffError {
  if (obstacle?.kind === 'denied' && hierarchy.readOnly) {
    const cause = new SkiffError('EROFS: read-only file system', { code: 'EROFS' });
    return cgroupError(`cannot limit ${controllers.join(', ')}`, obstacle.directory, cause);
  }
  const {
    directory,
    kind,
    controllers: names,
    cause,
  } = obstacle ?? {
    directory: hierarchy.own,
    kind: 'missing' as const,
    controllers,
    cause: undefined,
  };
  const list = names.join(', ');
  const why = {
    processes: `it holds other processes than skiff's, and such a cgroup cannot hand ${list} to a sub-cgroup`,
    missing: `the ${list} controller is not delegated to this cgroup`,
    denied: `no permission to hand ${list} to a sub-cgroup`,
  }[kind];
  return new SkiffError(`cannot limit ${controllers.join(', ')}: ${directory}: ${why}`, {
    code: 'CGROUP_UNAVAILABLE',
    path: directory,
    step: 'cgroup',
    remedy: delegationRemedy(kind, names),
    cause,
  });
}

function delegationRemedy(kind: Obstacle['kind'], names: readonly string[]): string {
  if (kind === 'processes') return DELEGATE_REMEDY;
  return (
    `${DELEGATE_REMEDY} Where systemd does not delegate ${names.join(', ')} to users, put "[Service]", ` +
    '"Delegate=cpu cpuset io memory pids" into /etc/systemd/system/user@.service.d/delegate.conf and log in again.'
  );
}
