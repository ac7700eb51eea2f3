import { errorMessage, SkiffError } from '../common/errors';
import { mountRemedy } from './plan';
import { hierarchyOf } from './detect';
import { hostKernel, type CgroupKernel } from './kernel';
import { managerOf } from './managers';
import { LIMIT_CONTROLLERS, type CgroupMode, type CgroupSetup, type CgroupVersion } from './types';

/** What one controller can do for a container here. */
export interface ControllerReport {
  name: string;
  /** A limit of skiff's needs it; the others are told for completeness. */
  needed: boolean;
  version?: CgroupVersion;
  mountPoint?: string;
  /** The cgroup that this process lives in. */
  own?: string;
  /** Whether a container can get a cgroup with this controller. */
  usable: boolean;
  /** Why not, and what to do about it. */
  problem?: string;
  remedy?: string;
}

export interface CgroupReport {
  mode: CgroupMode;
  controllers: ControllerReport[];
}

/** What `skiff doctor` tells about cgroups. Looks only; changes nothing. */
export function describeCgroups(setup: CgroupSetup, kernel: CgroupKernel = hostKernel): CgroupReport {
  const carried = setup.hierarchies.flatMap(({ controllers }) => controllers);
  const names = [...new Set<string>([...LIMIT_CONTROLLERS, ...carried])];
  return { mode: setup.mode, controllers: names.map(name => describe(setup, name, kernel)) };
}

function describe(setup: CgroupSetup, name: string, kernel: CgroupKernel): ControllerReport {
  const needed = LIMIT_CONTROLLERS.some(controller => controller === name);
  const hierarchy = hierarchyOf(setup, name);
  if (!hierarchy) {
    const problem = `no ${name} controller is mounted`;
    return { name, needed, usable: false, problem, remedy: mountRemedy(setup, name) };
  }
  const { version, mountPoint, own } = hierarchy;
  const error = managerOf(version).problem({ kernel, hierarchy, controllers: [name] });
  const report = { name, needed, version, mountPoint, own, usable: error === undefined };
  if (!error) return report;
  return { ...report, problem: errorMessage(error), remedy: SkiffError.is(error) ? error.remedy : undefined };
}
