import type { IdRange } from '../common/id-range';
import type { NativeCopyUp } from './volumes';

/** A directory of a container's cgroup, to be made. */
export interface NativeCgroup {
  /** Absolute. */
  path: string;
  version: 1 | 2;
  /** It only counts: where it cannot be made the container starts without it. */
  optional: boolean;
  /** Written in this order; an `optional` one is passed over where this kernel has no such file. */
  settings: { file: string; value: string; optional?: boolean }[];
  /** v2: a program that decides which devices can be used, as struct bpf_insn. */
  deviceProgram?: Buffer;
}

/** A container's directory and its record, see `lib/state/store.ts`. */
export interface NativeDirectory {
  /** Path until the record is written. */
  unfinished: string;
  path: string;
  /** What state.json holds. */
  record: string;
  /** It is there already. */
  made?: boolean;
  /** It is there at `unfinished`, without the record. */
  prepared?: boolean;
}

/** What a storage driver makes a container's file system of. */
export interface NativeWorkspace {
  /** `fuse`: a union that fuse-overlayfs(1) serves; `copy`: no union; the write layer is a copy of the layers, bound to the mount point. */
  kind: 'overlay' | 'aufs' | 'copy' | 'fuse';
  /** Topmost first. */
  layers: string[];
  /** Made with the owner and mode of the topmost layer. */
  writeLayer: string;
  /** overlay's and fuse's own directory, on the write layer's file system. */
  work?: string;
  mountPoint: string;
  /** Bytes of a tmpfs that is made on the mount point and hidden by what is mounted there; the write layer is in it. */
  size?: number;
  /** overlay, fuse: nothing of the write layer need reach the disk (Linux 5.10; ignored before). */
  volatile?: boolean;
  /** overlay: its attributes are `user.overlay.*`, as in a user namespace. */
  userXattr?: boolean;
  /** overlay: mount(2) even where the kernel has fsopen(2). */
  oldApi?: boolean;
  /** copy: directories that are copied empty. */
  skip?: string[];
}

/** Bytes, and where in them a container's id is to be written; see `lib/spec/stamped.ts`. */
export interface NativeStamped {
  bytes: Buffer;
  places: Buffer;
  id: string;
}

/** What `start` takes. */
export interface NativeStartOptions {
  /** From `prepare`, for this container: in place of `workspace` and `cgroups`. */
  ahead?: number;
  /** From `remove`: what the directory is made of. */
  left?: number;
  directory?: NativeDirectory;
  workspace?: NativeWorkspace;
  /** Volumes that may be new. */
  copyUps?: NativeCopyUp[];
  cgroups?: NativeCgroup[];
  /** Descriptor of the static init, from `openInit`. */
  init: number;
  /** CLONE_NEW flags, clone(2). */
  namespaces: number;
  /** Network namespace to be in, from `makeNetwork`, which `start` closes; -1: none but that of `namespaces`. */
  network: number;
  /** A user namespace of its own, whose ids from 0 on are these of the caller's. */
  ids?: IdRange;
  /** With these ids, from `makeUser`; it is made where not given. */
  userNamespace?: number;
  /** Mount namespace to copy, from `makeMountBase`; -1: that of this process. */
  mountBase: number;
  /** Set-up records, `lib/spec/plan.ts`. */
  plan: NativeStamped;
  /** Sources of its bind mounts, `lib/spec/binds.ts`; they are opened in the mount namespace of this process. */
  binds?: Buffer;
  /** Pipe of a starter, for what becomes its command at GO; -1: none. It does what it can. */
  starter: number;
  /** Pipe of the watchdog that is to guard it. */
  watchdog: number;
  /** Process records; without them the init stays parked. */
  process?: NativeStamped;
  /**
   * Hold its mount namespace: its end is told before its mounts are taken apart, which `endMounts` does. Where the
   * kernel forbids that, or it would show, it is not held.
   */
  holdMounts: boolean;
  /** False: resolve once GO is sent; `goResult` tells the rest. */
  awaitCommand: boolean;
  /** Descriptors for the command's stdin, stdout and stderr, -1 for /dev/null; none where it has a terminal. */
  stdio: number[];
  /** Tell when each step was done. */
  marks?: boolean;
  /** For tests of the undo: the step that shall fail, and the errno it fails with. */
  faultStep?: string;
  faultErrno?: number;
}

/** A container that has started. */
export interface NativeStarted {
  pid: number;
  pidfd: number;
  /** Our end of the init's pipe; when it closes before GO, the init ends. -1 where the command is known to run. */
  pipe: number;
  /** Master of the container's terminal; -1 where the plan asked for none. */
  terminal: number;
  /** Its mount namespace, where it is held; else -1. */
  mounts: number;
  /** False where the watchdog was gone: the init is parked, whatever was asked for, and waits for `go`. */
  guarded: boolean;
  /** For each of `cgroups`, whether it was made. */
  cgroupsMade: boolean[];
  /** The first is the beginning. */
  marks?: NativeMark[];
}

/** When a step was done, in ns of CLOCK_MONOTONIC. */
export interface NativeMark {
  step: string;
  ns: number;
}

/** Starts and removals of containers. Errors are as in {@link ProcessNative}. */
export interface StartNative {
  /**
   * Take all steps of a start in one job of the thread pool. Where it fails no process is left, but the directory (under
   * either of its names), the mount and the cgroups may be there: they are the caller's to remove.
   */
  start(options: NativeStartOptions): Promise<NativeStarted>;
  /** The same without waiting for anything, synchronously: for a small GO. What became of it is told by `goResult`. */
  sendGo(options: { pipe: number; process: NativeStamped; stdio: number[] }): void;
  /**
   * What became of a GO, synchronously, once the init has ended or the command runs; throws as `go` rejects.
   *
   * @returns when the init had set up, in ns of CLOCK_MONOTONIC; 0 where that was told before
   */
  goResult(options: { pipe: number }): number;
  /**
   * A mount namespace with next to nothing in it; it lives as long as the descriptor is open.
   *
   * @param options.userNamespace for containers with `ids`
   */
  makeMountBase(options: { userNamespace: boolean }): Promise<number>;
  /** A network namespace with nothing but lo, which is up; it lives as long as the descriptor is open. */
  makeNetwork(): Promise<number>;
  /** A user namespace and such a network namespace of its own; they live as long as the descriptors are open. */
  makeUser(options: { ids: IdRange }): Promise<{ user: number; network: number }>;
  /** Give a parked init its command; resolves when that runs, rejects with step `exec` when it could not. */
  go(options: { pipe: number; process: NativeStamped; stdio: number[] }): Promise<void>;
  /**
   * Take apart, on the thread pool, what a container that has ended has mounted: in its own namespace, which is closed, and
   * at `mountPoint` in its directory `container`, where these are given. What cannot be is left to `remove`.
   */
  endMounts(options: { namespace: number; container?: string; mountPoint?: string }): Promise<void>;
  /** Make a container's directory with its record, synchronously. */
  makeDirectory(options: NativeDirectory): void;
  /** Make cgroups, synchronously. What was made before a failure stays. Returns for each whether it was made. */
  makeCgroups(options: { cgroups: NativeCgroup[] }): boolean[];
}
