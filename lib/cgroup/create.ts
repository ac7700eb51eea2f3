import { debugLog } from '../common/debug';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import type { Resources } from '../common/resources';
import { Cgroup } from './cgroup';
import { hierarchyOf, summary } from './detect';
import { cgroupError } from './errors';
import { hostKernel, type CgroupKernel } from './kernel';
import { controllersOf, limitsOf, type Limits } from './limits';
import type { Setting } from './manager';
import { managerOf } from './managers';
import { directoryName } from './names';
import type { CgroupDirectory, CgroupSetup, Hierarchy, LimitController } from './types';

const debug = debugLog('cgroup');

export interface CreateOptions {
  setup: CgroupSetup;
  /** Id of the container; the directories are named `skiff-<id>`. */
  id: string;
  resources: Resources;
  /** Count memory even where it is not limited, as far as this machine allows. */
  usage?: boolean;
  kernel?: CgroupKernel;
}

/** What one hierarchy is to do for a container. */
interface Part {
  hierarchy: Hierarchy;
  /** Controllers with a limit: an error where they cannot be had. */
  required: LimitController[];
  /** Controllers that only count. */
  counted: string[];
}

/**
 * Make a container's cgroup with its limits set, ready to be joined. Only hierarchies that carry a controller
 * which a limit was asked for are touched.
 *
 * @returns null where nothing is limited or counted: no directory is made
 * @throws SkiffError where a limit cannot be set; nothing of the cgroup is left then
 */
export function createCgroup(options: CreateOptions): Cgroup | null {
  const { setup, id, resources, usage = false, kernel = hostKernel } = options;
  const name = directoryName(id);
  const limits = limitsOf(resources);
  const made: CgroupDirectory[] = [];
  try {
    for (const part of partsOf(setup, limits, usage)) make(part, limits, name, kernel, made);
  } catch (error) {
    throw undo(error, made, kernel);
  }
  debug('%s: %o', id, made);
  return made.length === 0 ? null : new Cgroup({ id, directories: made }, kernel);
}

/** Sort the controllers by the hierarchy that carries them. */
function partsOf(setup: CgroupSetup, limits: Limits, usage: boolean): Part[] {
  const parts = new Map<Hierarchy, Part>();
  const partOf = (hierarchy: Hierarchy) => {
    const part = parts.get(hierarchy) ?? { hierarchy, required: [], counted: [] };
    parts.set(hierarchy, part);
    return part;
  };
  for (const name of controllersOf(limits)) {
    partOf(hierarchyOf(setup, name) ?? missing(setup, name)).required.push(name);
  }
  if (usage) {
    const memory = hierarchyOf(setup, 'memory');
    // CPU time is told by wait4(2) and, on v2, by every cgroup: no hierarchy more is touched for it.
    if (memory && !limits.memory) partOf(memory).counted.push('memory');
  }
  return [...parts.values()];
}

/** Make one directory and write its limits. It is in `made` as soon as it exists. */
function make(part: Part, limits: Limits, name: string, kernel: CgroupKernel, made: CgroupDirectory[]): void {
  const { hierarchy, required } = part;
  const manager = managerOf(hierarchy.version);
  const place = placeOf(part, kernel);
  if (!place) return;
  const path = `${place.parent}/${name}`;
  try {
    kernel.mkdir(path);
  } catch (error) {
    if (required.length === 0) return debug('no accounting in %s: %s', path, errorMessage(error));
    throw cgroupError(`cannot limit ${required.join(', ')}`, path, error);
  }
  made.push({ path, version: hierarchy.version, controllers: place.controllers });
  const own = Object.fromEntries(required.map(controller => [controller, limits[controller]])) as Limits;
  for (const setting of manager.settings(kernel, own, place.parent, place.controllers)) {
    apply(kernel, path, setting);
  }
}

/**
 * Where the directory goes and what it carries there; undefined where only counting was asked for and is not
 * to be had.
 */
function placeOf({ hierarchy, required, counted }: Part, kernel: CgroupKernel) {
  const manager = managerOf(hierarchy.version);
  const carried = (wanted: string[]) => (hierarchy.version === 1 ? hierarchy.controllers : wanted);
  const all = [...required, ...counted];
  try {
    return { parent: manager.place({ kernel, hierarchy, controllers: all }), controllers: carried(all) };
  } catch (error) {
    if (counted.length === 0) throw error;
    debug('no accounting of %s: %s', counted.join(', '), errorMessage(error));
  }
  if (hierarchy.version === 1 && required.length === 0) return undefined;
  return {
    parent: manager.place({ kernel, hierarchy, controllers: required }),
    controllers: carried(required),
  };
}

function apply(
  kernel: CgroupKernel,
  directory: string,
  { file, value, what, optional, remedy }: Setting,
): void {
  try {
    kernel.write(`${directory}/${file}`, value);
  } catch (error) {
    const absent = errorCode(error) === 'ENOENT';
    if (absent && optional) return;
    const details = absent && remedy ? { remedy } : {};
    throw cgroupError(`cannot set the ${what} to ${value}`, `${directory}/${file}`, error, details);
  }
}

/** Remove what was made, newest first; no process has joined yet. Returns the error to throw. */
function undo(error: unknown, made: CgroupDirectory[], kernel: CgroupKernel): unknown {
  const failures = made.reverse().flatMap(({ path }) => {
    try {
      kernel.rmdir(path);
      return [];
    } catch (failure) {
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

function missing(setup: CgroupSetup, controller: LimitController): never {
  throw new SkiffError(
    `cannot limit ${controller}: no ${controller} controller is mounted (cgroup mode ${summary(setup)})`,
    { code: 'CGROUP_UNAVAILABLE', step: 'cgroup', remedy: mountRemedy(setup, controller) },
  );
}

/** How to get a controller that no mounted hierarchy carries. */
export function mountRemedy(setup: CgroupSetup, controller: string): string {
  if (setup.mode === 'none') return 'Mount cgroups: mount -t cgroup2 cgroup2 /sys/fs/cgroup (as root).';
  const boot = controller === 'memory' ? ', or boot with cgroup_enable=memory where it is turned off' : '';
  return setup.mode === 'v2'
    ? `The kernel or the outer container keeps it away: see cgroup.controllers above this cgroup${boot}.`
    : `Mount it (mkdir -p /sys/fs/cgroup/${controller} && mount -t cgroup -o ${controller} ${controller} ` +
        `/sys/fs/cgroup/${controller}, as root)${boot}.`;
}
