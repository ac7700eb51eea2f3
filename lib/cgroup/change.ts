import type { Resources } from '../common/resources';
import { errorCode, SkiffError } from '../common/errors';
import { cgroupError } from './errors';
import { freezeCgroup, thawCgroup } from './freezer';
import { hostKernel, readPids, type CgroupKernel } from './kernel';
import { planCgroup, type PlannedDirectory } from './plan';
import type { CgroupSetup } from './types';

/** Looks at the processes of a cgroup until none is there that was not moved. */
const MOVE_PASSES = 16;

/**
 * Set a running container's limits. A hierarchy that it was not in so far is joined by all of its processes, frozen
 * meanwhile so that none of their children is missed.
 *
 * @param paths directories of its cgroup now
 * @param mayJoin whoever removes it at its end learns of hierarchies that it joins, and whoever is killed meanwhile does
 * not leave it frozen; else it only gets limits in those that it is in
 * @param isFrozen its processes are frozen already, and stay so
 * @param announce called with directories that are about to be made: whoever may have to remove them shall know them
 * @returns the directories that it was put into
 * @throws SkiffError where a limit cannot be set; CGROUP_UNAVAILABLE where it would have to join a hierarchy for that
 */
export async function limitCgroup({
  setup,
  id,
  resources,
  paths,
  announce,
  mayJoin,
  isFrozen = false,
  kernel = hostKernel,
}: {
  setup: CgroupSetup;
  id: string;
  resources: Resources;
  paths: readonly string[];
  announce(directories: PlannedDirectory[]): Promise<void>;
  mayJoin: boolean;
  isFrozen?: boolean;
  kernel?: CgroupKernel;
}): Promise<PlannedDirectory[]> {
  const plan = planCgroup({ setup, id, resources, usage: mayJoin, freezer: mayJoin, kernel });
  // Where it is now counts, not where this process would put it.
  const planned = plan.directories.map(directory => ({
    ...directory,
    path: paths.find(path => homeOf(setup, path) === homeOf(setup, directory.path)) ?? directory.path,
  }));
  const missing = planned.filter(({ path }) => !paths.includes(path));
  if (missing.length > 0 && !mayJoin) throw notJoined(id, missing);
  if (missing.length > 0) {
    await announce(missing);
    kernel.make(missing);
  }
  for (const directory of planned) if (!missing.includes(directory)) applySettings(kernel, directory);
  const [from] = paths;
  if (missing.length === 0 || from === undefined) return missing;
  if (!isFrozen) await freezeCgroup(setup, id, paths, kernel);
  try {
    for (const { path } of missing) move(kernel, from, path);
  } finally {
    if (!isFrozen) thawCgroup(setup, paths, kernel);
  }
  return missing;
}

function notJoined(id: string, missing: readonly PlannedDirectory[]): SkiffError {
  const controllers = missing.flatMap(({ controllers }) => controllers).join(', ');
  return new SkiffError(
    `cannot update container ${id.slice(0, 12)}: it runs in the foreground and has no cgroup with ${controllers}`,
    {
      code: 'CGROUP_UNAVAILABLE',
      path: id,
      exitCode: 1,
      remedy: 'Start it with such a limit, which can be changed then; or with -d.',
    },
  );
}

/** The mount point of the hierarchy that a directory lies in. */
function homeOf({ hierarchies }: CgroupSetup, path: string): string | undefined {
  return hierarchies.find(({ mountPoint }) => path.startsWith(`${mountPoint}/`))?.mountPoint;
}

/**
 * Of two limits that bound each other (memory, and memory with swap) either may have to come first: the kernel refuses
 * what would cross the other for the moment. So what is refused is tried again after the rest.
 */
function applySettings(kernel: CgroupKernel, { path, settings }: PlannedDirectory): void {
  const refused = settings.filter(setting => !apply(kernel, path, setting, true));
  for (const setting of refused.reverse()) apply(kernel, path, setting, true);
  for (const setting of refused) apply(kernel, path, setting, false);
}

function apply(
  kernel: CgroupKernel,
  path: string,
  { file, value, what, optional }: PlannedDirectory['settings'][number],
  mayFail: boolean,
): boolean {
  try {
    kernel.write(`${path}/${file}`, value);
    return true;
  } catch (error) {
    if (optional && errorCode(error) === 'ENOENT') return true;
    if (mayFail) return false;
    throw cgroupError(`cannot set the ${what} to ${value}`, `${path}/${file}`, error);
  }
}

function move(kernel: CgroupKernel, from: string, to: string): void {
  const moved = new Set<number>();
  for (let pass = 0; pass < MOVE_PASSES; pass += 1) {
    const pids = readPids(kernel, from).filter(pid => !moved.has(pid));
    if (pids.length === 0) return;
    for (const pid of pids) {
      moved.add(pid);
      try {
        kernel.write(`${to}/cgroup.procs`, String(pid));
      } catch (error) {
        if (errorCode(error) !== 'ESRCH')
          throw cgroupError(`cannot put process ${pid} into its cgroup`, to, error);
      }
    }
  }
}
