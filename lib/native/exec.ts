import type { NativeCgroup } from './start';

/** What `enter` takes. */
export interface NativeEnterOptions {
  /** Descriptor of the static init, from `openInit`. */
  init: number;
  /** The container's init, and a descriptor of that very process, from `openProcess`. */
  pid: number;
  pidfd: number;
  /** The container's cgroups, which are there. */
  cgroups: NativeCgroup[];
  /** Open a terminal of this size in the container's devpts. */
  terminal?: { rows: number; columns: number };
  /** It is not this process's child, and outlives it. */
  orphan?: boolean;
}

/** A process in a container, up to its command: `go` or `sendGo` gives it that. */
export interface NativeEntered {
  pid: number;
  /** -1: an orphan, which is not ours to wait for. */
  pidfd: number;
  /** Our end of its pipe; when it closes before GO, the process ends. */
  pipe: number;
  /** Master of its terminal; -1 where none was asked for. */
  terminal: number;
}

/** Processes in containers that run. Errors are as in {@link ProcessNative}. */
export interface ExecNative {
  /** A pidfd, synchronously; pidfd_open(2). Whether it is the process that was meant is to be asked afterwards. */
  openProcess(options: { pid: number }): number;
  /**
   * Make a process in all namespaces and cgroups of a container. On failure nothing is left of it.
   *
   * @throws with step `join` (EPIPE, ESRCH or ENOMEM where the container ended meanwhile), `join-cgroup`, `clone` or
   * `terminal`
   */
  enter(options: NativeEnterOptions): Promise<NativeEntered>;
}
