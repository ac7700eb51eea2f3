import { debugLog } from '../common/debug';
import { errorMessage, SkiffError } from '../common/errors';
import type { Resources } from '../common/resources';
import { hierarchyOf, summary } from './detect';
import { hostKernel, type CgroupKernel } from './kernel';
import { controllersOf, limitsOf, type Limits } from './limits';
import type { Setting } from './manager';
import { deviceProgram } from './device-program';
import { managerOf } from './managers';
import { directoryName } from './names';
import type { CgroupDirectory, CgroupSetup, Hierarchy, LimitController } from './types';

const debug = debugLog('cgroup');

export interface PlanOptions {
  setup: CgroupSetup;
  /** Id of the container; the directories are named `skiff-<id>`. */
  id: string;
  resources: Resources;
  /** Count memory even where it is not limited, as far as this machine allows. */
  usage?: boolean;
  /** It can be frozen: by v1's freezer, where that is mounted, or by any cgroup of v2. */
  freezer?: boolean;
  /** Count the CPU time of all processes together, as far as this machine allows. */
  cpuTime?: boolean;
  kernel?: CgroupKernel;
}

/** One directory to be made, and what is written there before a process may join. */
export interface PlannedDirectory extends CgroupDirectory {
  /** Controllers with a limit. */
  required: LimitController[];
  /** It only counts: the container starts without it where it cannot be made. */
  optional: boolean;
  settings: Setting[];
  /** v2: which devices can be used. */
  deviceProgram?: Buffer;
}

/** A container's cgroup before it exists. */
export interface CgroupPlan {
  id: string;
  directories: PlannedDirectory[];
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
 * Decide what a container's cgroup is made of. Only hierarchies that carry a controller which a limit was asked for are
 * touched. On v2 the controllers are handed down to where the directory is going to be.
 *
 * @throws SkiffError where a limit cannot be set
 */
export function planCgroup({
  setup,
  id,
  resources,
  usage = false,
  freezer = false,
  cpuTime = false,
  kernel = hostKernel,
}: PlanOptions): CgroupPlan {
  const name = directoryName(id);
  const limits = limitsOf(resources);
  const directories = partsOf(setup, limits, { usage, freezer, cpuTime }).flatMap(part =>
    planDirectory(part, limits, name, kernel),
  );
  return { id, directories };
}

/** Sort the controllers by the hierarchy that carries them. */
function partsOf(
  setup: CgroupSetup,
  limits: Limits,
  { usage, freezer, cpuTime }: { usage: boolean; freezer: boolean; cpuTime: boolean },
): Part[] {
  const parts = new Map<Hierarchy, Part>();
  const partOf = (hierarchy: Hierarchy) => {
    const part = parts.get(hierarchy) ?? { hierarchy, required: [], counted: [] };
    parts.set(hierarchy, part);
    return part;
  };
  for (const name of controllersOf(limits)) {
    partOf(homeOf(setup, name) ?? missing(setup, name)).required.push(name);
  }
  if (usage) {
    const memory = hierarchyOf(setup, 'memory');
    // CPU time is told by wait4(2) and, on v2, by every cgroup: no hierarchy more is touched for it.
    if (memory && !limits.memory) partOf(memory).counted.push('memory');
  }
  if (freezer) {
    const v1 = hierarchyOf(setup, 'freezer');
    const home = v1 ?? unified(setup);
    if (home) partOf(home).counted.push(...(v1 ? ['freezer'] : []));
  }
  if (cpuTime) {
    // Every v2 cgroup counts it: one that is there anyway, or else the one of the memory controller.
    const cpuacct = hierarchyOf(setup, 'cpuacct');
    if (cpuacct) partOf(cpuacct).counted.push('cpuacct');
  }
  return [...parts.values()];
}

/** The hierarchy in which a limit is set. Devices need no controller of v2: any cgroup takes their program. */
function homeOf(setup: CgroupSetup, name: LimitController): Hierarchy | undefined {
  return hierarchyOf(setup, name) ?? (name === 'devices' ? unified(setup) : undefined);
}

function unified({ hierarchies }: CgroupSetup): Hierarchy | undefined {
  return hierarchies.find(({ version }) => version === 2);
}

function planDirectory(part: Part, limits: Limits, name: string, kernel: CgroupKernel): PlannedDirectory[] {
  const { hierarchy, required } = part;
  const { version } = hierarchy;
  const place = placeOf(part, kernel);
  if (!place) return [];
  const { parent, controllers } = place;
  const own = Object.fromEntries(required.map(controller => [controller, limits[controller]])) as Limits;
  const settings = managerOf(version).settings(kernel, own, parent, controllers);
  const planned: PlannedDirectory = {
    path: `${parent}/${name}`,
    version,
    controllers,
    required,
    optional: required.length === 0,
    settings,
  };
  if (version === 2 && own.devices) planned.deviceProgram = deviceProgram(own.devices);
  return [planned];
}

/**
 * Where the directory goes and what it carries there; undefined where only counting was asked for and is not
 * to be had.
 */
function placeOf({ hierarchy, required: limited, counted }: Part, kernel: CgroupKernel) {
  const manager = managerOf(hierarchy.version);
  const required = limited.filter(name => hierarchy.version === 1 || name !== 'devices');
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
