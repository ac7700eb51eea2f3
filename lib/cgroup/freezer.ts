import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../common/clock';
import { errorCode, SkiffError } from '../common/errors';
import { cgroupError } from './errors';
import { exists, hostKernel, type CgroupKernel } from './kernel';
import { toDirectory } from './leftovers';
import { flatKey } from './stat';
import type { CgroupDirectory, CgroupSetup } from './types';

/** How long the kernel gets to freeze every process, and how often to look, in ms. */
const TIMEOUT_MS = 5000;
const STEP_MS = 2;

/**
 * Freeze every process of a container; resolves when all are. With v1 each look asks again, since a process that forked
 * meanwhile may have been missed (freezer-subsystem.rst, "FREEZING").
 *
 * @param paths directories of its cgroup, from its record
 * @throws SkiffError CGROUP_UNAVAILABLE where it has no cgroup that can be frozen; EBUSY after five seconds, thawed again
 */
export async function freezeCgroup(
  setup: CgroupSetup,
  id: string,
  paths: readonly string[],
  kernel: CgroupKernel = hostKernel,
): Promise<void> {
  const directory = freezerOf(setup, paths, kernel);
  if (!directory) {
    throw new SkiffError(`cannot pause container ${id.slice(0, 12)}: it has no cgroup that can be frozen`, {
      code: 'CGROUP_UNAVAILABLE',
      path: id,
      exitCode: 1,
      remedy: "It needs v1's freezer or a cgroup of v2: 'skiff doctor' tells what is mounted.",
    });
  }
  const end = monotonicMs() + TIMEOUT_MS;
  for (;;) {
    write(kernel, directory, true);
    if (isFrozen(kernel, directory)) return;
    if (monotonicMs() > end) break;
    await sleep(STEP_MS);
  }
  write(kernel, directory, false);
  throw new SkiffError(`cannot pause container ${id.slice(0, 12)}: a process cannot be frozen`, {
    code: 'EBUSY',
    path: directory.path,
    exitCode: 1,
    remedy: 'A process in an uninterruptible wait (state D in ps) can be frozen when its wait ends.',
  });
}

/** Let frozen processes go on; what is not frozen, or gone, is fine. */
export function thawCgroup(
  setup: CgroupSetup,
  paths: readonly string[],
  kernel: CgroupKernel = hostKernel,
): void {
  const directory = freezerOf(setup, paths, kernel);
  if (directory) write(kernel, directory, false);
}

/** Of directories that were planned: one for a user to whom nothing is delegated was not made. */
function freezerOf(
  setup: CgroupSetup,
  paths: readonly string[],
  kernel: CgroupKernel,
): CgroupDirectory | undefined {
  return paths
    .map(path => toDirectory(setup, path))
    .filter(({ version, controllers }) => version === 2 || controllers.includes('freezer'))
    .find(({ path }) => exists(kernel, path));
}

function fileOf({ path, version }: CgroupDirectory): string {
  return `${path}/${version === 2 ? 'cgroup.freeze' : 'freezer.state'}`;
}

function write(kernel: CgroupKernel, directory: CgroupDirectory, frozen: boolean): void {
  const [freeze, thaw] = directory.version === 2 ? ['1', '0'] : ['FROZEN', 'THAWED'];
  try {
    kernel.write(fileOf(directory), frozen ? freeze : thaw);
  } catch (error) {
    // ENODEV: it is just being removed.
    if (!frozen && ['ENOENT', 'ENODEV'].includes(errorCode(error) ?? '')) return;
    throw cgroupError(frozen ? 'cannot freeze the cgroup' : 'cannot thaw the cgroup', directory.path, error);
  }
}

function isFrozen(kernel: CgroupKernel, { path, version }: CgroupDirectory): boolean {
  return version === 2
    ? flatKey(kernel, `${path}/cgroup.events`, 'frozen') === 1
    : kernel.read(`${path}/freezer.state`).trim() === 'FROZEN';
}
