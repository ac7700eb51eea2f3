export { Cgroup, openCgroup } from './cgroup';
export { createCgroup, type CreateOptions } from './create';
export { describeCgroups, type CgroupReport, type ControllerReport } from './describe';
export { detectCgroups, hasController, hierarchyOf, type DetectOptions } from './detect';
export { listCgroups, removeLeftoverCgroup, type FoundCgroup } from './leftovers';
export type {
  CgroupDirectory,
  CgroupMode,
  CgroupRecord,
  CgroupSetup,
  CgroupStat,
  CgroupVersion,
  Hierarchy,
} from './types';
