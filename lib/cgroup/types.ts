/** Which of the kernel's two cgroup interfaces a hierarchy speaks. */
export type CgroupVersion = 1 | 2;

/** `hybrid`: some controllers on v1 while cgroup2 is mounted too. */
export type CgroupMode = 'v1' | 'v2' | 'hybrid' | 'none';

/** The controllers that limits are set with. */
export const LIMIT_CONTROLLERS = ['memory', 'cpu', 'cpuset', 'pids'] as const;
/** On v1 there is one for devices, too; v2 has programs in its place. */
export type LimitController = (typeof LIMIT_CONTROLLERS)[number] | 'devices';

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  version: CgroupVersion;
  /** What it carries: `['cpu', 'cpuacct']`. Of v2: what the mount's root can hand to its children. */
  controllers: string[];
  /** Absolute path of the directory it is mounted on. */
  mountPoint: string;
  /** Absolute path of the cgroup this process was in when the setup was read. */
  own: string;
  readOnly: boolean;
}

/** What cgroups this machine offers to this process: plain data, read once and passed around. */
export interface CgroupSetup {
  mode: CgroupMode;
  /** v1 hierarchies first, in the kernel's order; the one of cgroup2 last. */
  hierarchies: Hierarchy[];
}

/** One directory of a container's cgroup. */
export interface CgroupDirectory {
  /** Absolute; ends in `skiff-<id>`. */
  path: string;
  version: CgroupVersion;
  /** The controllers that count or limit here. */
  controllers: string[];
}

/** A container's cgroup as plain JSON, for its state record. */
export interface CgroupRecord {
  id: string;
  directories: CgroupDirectory[];
}

/**
 * What the kernel counted. A member is missing where no controller of this cgroup, or this kernel, counts it.
 */
export interface CgroupStat {
  /** Highest memory use, in bytes. */
  memoryPeakBytes?: number;
  /** How many of its processes the out-of-memory killer ended. */
  oomKills?: number;
  /** CPU time of all of its processes, in microseconds. */
  cpuUsec?: number;
  /** Highest number of processes and threads. */
  pidsPeak?: number;
  /** How often the limit of processes kept one from being made. */
  pidsDenied?: number;
}
