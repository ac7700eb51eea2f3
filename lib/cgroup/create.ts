import { debugLog } from '../common/debug';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import { Cgroup } from './cgroup';
import { cgroupError } from './errors';
import { hostKernel, type CgroupKernel } from './kernel';
import { planCgroup, type CgroupPlan, type PlanOptions } from './plan';

const debug = debugLog('cgroup');

/**
 * Make a container's cgroup with its limits set, ready to be joined. Only hierarchies that carry a controller
 * which a limit was asked for are touched.
 *
 * @returns null where nothing is limited or counted: no directory is made
 * @throws SkiffError where a limit cannot be set; nothing of the cgroup is left then
 */
export function createCgroup(options: PlanOptions): Cgroup | null {
  const { kernel = hostKernel } = options;
  const plan = planCgroup(options);
  try {
    return madeCgroup(plan, kernel.make(plan.directories), kernel);
  } catch (error) {
    throw undo(cgroupFailure(error, plan), beforeFailure(plan, error), kernel);
  }
}

/**
 * The cgroup that was made by a plan.
 *
 * @param made for each of its directories, whether it is there
 * @returns null where none is
 */
export function madeCgroup(
  plan: CgroupPlan,
  made: readonly boolean[],
  kernel: CgroupKernel = hostKernel,
): Cgroup | null {
  const directories = plan.directories
    .filter((_, index) => made[index])
    .map(({ path, version, controllers }) => ({ path, version, controllers }));
  debug('%s: %o', plan.id, directories);
  return directories.length === 0 ? null : new Cgroup({ id: plan.id, directories }, kernel);
}

/**
 * The cgroup that a plan describes, there or not: for removing whatever there is of it.
 *
 * @param error what its making failed with, if it did
 */
export function plannedCgroup(plan: CgroupPlan, error?: unknown): Cgroup | null {
  const { id, directories } = beforeFailure(plan, error);
  return directories.length === 0 ? null : new Cgroup({ id, directories });
}

/** A directory that could not be made is somebody else's where it exists. The one that refused a program was made. */
function beforeFailure(plan: CgroupPlan, error: unknown): CgroupPlan {
  if (isOfProgram(error)) return plan;
  const failed = plan.directories.findIndex(({ path }) => path === pathOf(error));
  return failed < 0 ? plan : { ...plan, directories: plan.directories.slice(0, failed) };
}

function pathOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'path' in error && typeof error.path === 'string'
    ? error.path
    : undefined;
}

/** Of bpf(2), see csrc/core/deviceprogram.c. */
function isOfProgram(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error && error.syscall === 'bpf';
}

const PROGRAM_REMEDY =
  'On cgroup v2 a BPF program decides about devices: that takes CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN, and a kernel ' +
  'with CONFIG_CGROUP_BPF.';

/** What a failure to make a planned cgroup means for the one who asked for the limit. */
export function cgroupFailure(error: unknown, plan: CgroupPlan): unknown {
  if (SkiffError.is(error)) return error;
  const path = pathOf(error) ?? '';
  if (isOfProgram(error)) {
    return cgroupError('cannot restrict devices', path, error, { remedy: PROGRAM_REMEDY });
  }
  for (const directory of plan.directories) {
    if (path === directory.path)
      return cgroupError(`cannot limit ${directory.required.join(', ')}`, path, error);
    const setting = directory.settings.find(({ file }) => path === `${directory.path}/${file}`);
    if (!setting) continue;
    const { what, value, remedy } = setting;
    const details = errorCode(error) === 'ENOENT' && remedy ? { remedy } : {};
    return cgroupError(`cannot set the ${what} to ${value}`, path, error, details);
  }
  return cgroupError('cannot make the cgroup', path, error);
}

/** Remove what was made, newest first; no process has joined yet. Returns the error to throw. */
function undo(error: unknown, plan: CgroupPlan, kernel: CgroupKernel): unknown {
  const failures = [...plan.directories].reverse().flatMap(({ path }) => {
    try {
      kernel.rmdir(path);
      return [];
    } catch (failure) {
      if (errorCode(failure) === 'ENOENT') return [];
      return [cgroupError('cannot remove the unfinished cgroup', path, failure)];
    }
  });
  if (failures.length === 0) return error;
  const messages = [errorMessage(error), ...failures.map(errorMessage)];
  return new SkiffError(messages.join('; '), {
    code: errorCode(error) ?? 'CGROUP_FAILED',
    step: 'cgroup',
    cause: new AggregateError([error, ...failures], 'creating a cgroup failed, and so did its removal'),
  });
}
