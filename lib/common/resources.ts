/** Limits of a container's cgroup, named and measured as the OCI runtime spec's `linux.resources`. */
export interface Resources {
  memory?: {
    /** Bytes; -1 is no limit. */
    limit?: number;
    /** Bytes of memory and swap together; -1 is no limit. */
    swap?: number;
  };
  cpu?: {
    /** v1 shares, 2 to 262144; 0 leaves the kernel's default. */
    shares?: number;
    /** Microseconds of CPU time in each period; -1 is no limit. */
    quota?: number;
    /** Microseconds. */
    period?: number;
    /** List format of cpuset(7), `0-2,4`. */
    cpus?: string;
    mems?: string;
  };
  /** Processes and threads at most; 0 or -1 is no limit. */
  pids?: { limit: number };
  /** Which devices can be used; later rules count more. */
  devices?: DeviceRule[];
}

/** Of the OCI runtime spec's `linux.resources.devices`. */
export interface DeviceRule {
  allow: boolean;
  /** `a`, or none: all of them. */
  type?: 'a' | 'b' | 'c';
  /** None, or -1: all of them. */
  major?: number;
  minor?: number;
  /** Of `r`, `w` and `m`. */
  access?: string;
}
