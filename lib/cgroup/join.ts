import { SkiffError } from '../common/errors';
import { detectCgroups } from './detect';
import { hostKernel, type CgroupKernel } from './kernel';
import type { CgroupDirectory, CgroupSetup } from './types';

export interface JoinOptions {
  setup: CgroupSetup;
  /** Process that is in the cgroups already. */
  pid: number;
  /** Directories that limit it, by its container's record; those that exist. */
  limiting: readonly string[];
  kernel?: CgroupKernel;
}

/**
 * The cgroups that a process is in and this one is not, in every hierarchy: where a process must be put that is to be
 * under the same limits.
 *
 * @throws SkiffError CGROUP_UNAVAILABLE where one that limits it cannot be seen from here
 */
export function cgroupsToJoin({ setup, pid, limiting, kernel = hostKernel }: JoinOptions): CgroupDirectory[] {
  const own = new Set(setup.hierarchies.map(hierarchy => hierarchy.own));
  const directories = detectCgroups({ pid, kernel })
    .hierarchies.filter(hierarchy => !own.has(hierarchy.own))
    .map(({ own: path, version, controllers }) => ({ path, version, controllers }));
  for (const wanted of limiting) {
    if (directories.some(({ path }) => path === wanted || path.startsWith(`${wanted}/`))) continue;
    throw new SkiffError(`cannot join the cgroup: ${wanted}: process ${pid} is not in it`, {
      code: 'CGROUP_UNAVAILABLE',
      path: wanted,
      step: 'join-cgroup',
    });
  }
  return directories;
}
