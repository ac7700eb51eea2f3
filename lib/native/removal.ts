import type { NativeMark } from './start';

/** What is left of a container, and is to be removed: rmdir of its cgroups, unmount, deletion of its directories' trees. */
export interface NativeRemoval {
  /** Files that are read before anything is removed. */
  counters?: string[];
  /** Mount namespace that is held; it is closed. */
  namespace?: number;
  cgroups: string[];
  mountPoint: string;
  trees: string[];
  /** Where the first of the trees may be left for another container. */
  used?: string;
  marks?: boolean;
}

/** What is to be done at the end of a container before that is told. */
export interface NativeLastWork extends NativeRemoval {
  /** Where what became of its command is read; -1: that is known. It is taken over. */
  pipe: number;
  /** Who does it, from `startReaper`. */
  reaper: number;
}

export interface NativeRemoved {
  /** The cgroups that still hold processes or other cgroups; where one does, nothing but cgroups was removed. */
  busy: string[];
  /** What the counters held; null for one that is not there. */
  counts: (string | null)[];
  /** The first of the trees, for `used` of `prepare`, where that was asked for and nothing is written in it. */
  left?: number;
  marks?: NativeMark[];
}

/** What followed the end of a container before it was told. */
export interface NativeLast {
  /** What kept its command from being executed, if anything. */
  beginning?: Error;
  /** When the init had set up, in ns of CLOCK_MONOTONIC; 0 where that was told before. */
  readyNs: number;
  /** Undefined where `failure` is not. */
  removed?: NativeRemoved;
  /** Why not all of it was removed. */
  failure?: Error;
}

export interface RemovalNative {
  /** Remove what is left of a container in one job; what is not there is fine. */
  remove(options: NativeRemoval): Promise<NativeRemoved>;
}
