import type { CgroupKernel } from './kernel';
import type { Limits } from './limits';
import type { CgroupDirectory, CgroupStat, Hierarchy } from './types';

/** One value to be written into one file of a new cgroup. */
export interface Setting {
  /** Name of the file: `pids.max`. */
  file: string;
  value: string;
  /** What it means to the user: `memory limit`. */
  what: string;
  /** Passed over where this kernel has no such file. */
  optional?: boolean;
  /** What the user can do where the file is missing. */
  remedy?: string;
}

/** One number that the kernel counts of a cgroup. */
export interface CgroupCounter {
  stat: keyof CgroupStat;
  file: string;
  /** Of a flat keyed file: the word before the number. */
  key?: string;
  /** How many of it are one of the stat's unit. */
  per?: number;
}

/** Where a container's cgroup is to be made, and what it must be able to limit there. */
export interface Placement {
  kernel: CgroupKernel;
  hierarchy: Hierarchy;
  controllers: readonly string[];
}

/** What differs between cgroup v1 and v2. Hybrid machines use one manager for each hierarchy. */
export interface CgroupManager {
  /**
   * The directory below which a new cgroup has the controllers.
   *
   * @throws SkiffError CGROUP_UNAVAILABLE where there is none
   */
  place(placement: Placement): string;
  /** The same question without changing anything: the error, or undefined where a cgroup can be made. */
  problem(placement: Placement): Error | undefined;
  /**
   * What to write, in this order, before a process may join.
   *
   * @param parent directory that the new cgroup lies in
   * @param carried controllers that the new directory has, asked for or not
   */
  settings(kernel: CgroupKernel, limits: Limits, parent: string, carried: readonly string[]): Setting[];
  /** Where the kernel counts what of a directory. */
  counters(directory: CgroupDirectory): CgroupCounter[];
}
