import { errorCode } from '../common/errors';
import { openCgroup, type Cgroup } from './cgroup';
import { exists, hostKernel, readWords, type CgroupKernel } from './kernel';
import { idOfDirectory } from './names';
import type { CgroupDirectory, CgroupSetup, Hierarchy } from './types';

/** One `skiff-<id>` directory of some hierarchy. */
export interface FoundCgroup extends CgroupDirectory {
  id: string;
}

/**
 * Every container's cgroup directory in every mounted hierarchy, wherever in the tree it lies. It looks at
 * every cgroup of the machine: for sweeping and for tests, not for the start of a container. What lies inside
 * another container's cgroup belongs to that one and is not listed.
 */
export function listCgroups(setup: CgroupSetup, kernel: CgroupKernel = hostKernel): FoundCgroup[] {
  return setup.hierarchies.flatMap(hierarchy => search(kernel, hierarchy));
}

/**
 * Kill and remove what a process that died left of a container's cgroup.
 *
 * @param paths directories from the container's record; without them the whole tree is searched
 * @returns the directories that were there
 * @throws SkiffError INVALID_ARGUMENT where a path is not named after the id or is no cgroup
 */
export async function removeLeftoverCgroup(
  setup: CgroupSetup,
  id: string,
  paths?: readonly string[],
  kernel: CgroupKernel = hostKernel,
): Promise<string[]> {
  const directories = paths
    ? paths.map(path => toDirectory(setup, path))
    : listCgroups(setup, kernel).filter(found => found.id === id);
  const cgroup = openCgroup({ id, directories }, kernel);
  const there = directories.filter(({ path }) => exists(kernel, path)).map(({ path }) => path);
  await cgroup.destroy();
  return there;
}

/**
 * The cgroup that a container's record tells of.
 *
 * @param paths from the record; those that are not there were only to count, and are left out
 * @throws SkiffError INVALID_ARGUMENT where a path is not named after the id or is no cgroup
 */
export function recordedCgroup(
  setup: CgroupSetup,
  id: string,
  paths: readonly string[],
  kernel: CgroupKernel = hostKernel,
): Cgroup {
  const directories = paths.map(path => toDirectory(setup, path)).filter(({ path }) => exists(kernel, path));
  return openCgroup({ id, directories: directories.map(each => withControllers(each, kernel)) }, kernel);
}

/** A bare path, with the version and controllers of the hierarchy that it lies in. */
export function toDirectory(setup: CgroupSetup, path: string): CgroupDirectory {
  const home = setup.hierarchies.find(({ mountPoint }) => path.startsWith(`${mountPoint}/`));
  // Without a known home (another mount since) it is treated as v1, whose ways work on v2 too.
  return { path, version: home?.version ?? 1, controllers: home?.version === 1 ? home.controllers : [] };
}

/** Of v2, what counts in a cgroup is told by the cgroup itself, Documentation/admin-guide/cgroup-v2.rst. */
function withControllers(directory: CgroupDirectory, kernel: CgroupKernel): CgroupDirectory {
  if (directory.version === 1) return directory;
  return { ...directory, controllers: readWords(kernel, `${directory.path}/cgroup.controllers`) };
}

function search(kernel: CgroupKernel, { mountPoint, version, controllers }: Hierarchy): FoundCgroup[] {
  const found: FoundCgroup[] = [];
  const waiting = [mountPoint];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const name of subdirectories(kernel, directory)) {
      const path = `${directory}/${name}`;
      const id = idOfDirectory(name);
      if (id === undefined) waiting.push(path);
      else found.push({ id, path, version, controllers: version === 1 ? controllers : [] });
    }
  }
  return found;
}

/** Other people's cgroups come and go, and may be closed to us, while we look. */
function subdirectories(kernel: CgroupKernel, directory: string): string[] {
  try {
    return kernel.subdirectories(directory);
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}
