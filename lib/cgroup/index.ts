export { Cgroup, openCgroup, statOf } from './cgroup';
export type { CgroupCounter } from './manager';
export { limitCgroup } from './change';
export { cgroupFailure, createCgroup, madeCgroup, plannedCgroup } from './create';
export { describeCgroups, type CgroupReport, type ControllerReport } from './describe';
export { detectCgroups, hasController, hierarchyOf, type DetectOptions } from './detect';
export { freezeCgroup, thawCgroup } from './freezer';
export { cgroupsToJoin } from './join';
export { listCgroups, recordedCgroup, removeLeftoverCgroup, type FoundCgroup } from './leftovers';
export { planCgroup, type CgroupPlan, type PlannedDirectory, type PlanOptions } from './plan';
export { readCgroupUsage, type CgroupUsage } from './usage';
export type {
  CgroupDirectory,
  CgroupMode,
  CgroupRecord,
  CgroupSetup,
  CgroupStat,
  CgroupVersion,
  Hierarchy,
} from './types';
