import type { IdRange } from '../common/id-range';
import type { NativeWorkspace } from './start';
import type { NativeText } from './workspace';

/** A walk under way; what it holds is given back by `closeTree`, and by the collector where that is forgotten. */
export type NativeTree = { readonly brand: unique symbol };

/** What a path leads to. */
export interface NativeLookUp {
  /** O_PATH; the caller's. */
  fd: number;
  /** With the file type's bits, stat(2). */
  mode: number;
  /** In bytes. */
  size: number;
  /** Of a symbolic link: what it says. */
  target?: Buffer;
}

/** Something of the host's in a view. */
export interface NativeViewBind {
  source: string;
  /** Path in the container; where that is missing, nothing is mounted. */
  destination: string;
  readOnly?: boolean;
}

export interface NativeTreeOptions {
  /** Descriptor of the directory to walk; for a tar of one file, of that. All descriptors stay the caller's. */
  top: number;
  /** Directory to compare with; without it everything is added. */
  old?: number;
  /** The write layer: only names that are in it can differ. */
  hint?: number;
  /** How names in it are to be read. */
  hintKind?: 'overlay' | 'aufs';
  /** It is read by `readTar`; else by `readChanges`. */
  tar?: boolean;
  /** What is gone becomes `.wh.NAME`, OCI image spec, layer.md. */
  layer?: boolean;
  /** Of a user namespace whose files are seen from outside: a tar tells owners as they are inside. */
  ids?: IdRange;
  /** The top itself is part of it. */
  tellTop?: boolean;
  /** Go into other mounts, but for those of the kernel (proc, sysfs, ...). */
  crossMounts?: boolean;
  /** What the top is called in the tar; '': its entries stand there alone. */
  name?: NativeText;
  /** What the top is called in errors. */
  shown?: NativeText;
}

export interface NativeChange {
  /** Added, changed, deleted. */
  kind: 'A' | 'C' | 'D';
  /** Below the top. */
  path: Buffer;
}

/** Into a container's file system and out of it. Errors carry `code`, `syscall` and `path`. */
export interface TreesNative {
  /**
   * Mount a union that no process has in its mount table, and return an O_PATH descriptor of its root: the mount goes
   * with the last descriptor. `writeLayer` '' makes it read-only. `mountPoint` is any directory.
   *
   * @param options.binds mounted in it, in their order; Linux 5.2
   */
  openView(options: NativeWorkspace & { binds?: NativeViewBind[] }): Promise<number>;
  /**
   * Root directory of a running process, in its mount namespace.
   *
   * @throws ESRCH where it is gone, or another one has its pid
   */
  openProcessRoot(options: { pid: number; startTime: number }): number;
  /**
   * Find a path below the directory `root` as if that were `/`, openat2(2) RESOLVE_IN_ROOT; -1 or nothing: the host's.
   *
   * @returns null where it is missing
   */
  lookUp(options: { root?: number; path: NativeText; follow?: boolean }): Promise<NativeLookUp | null>;
  openTree(options: NativeTreeOptions): Promise<NativeTree>;
  /** Fill a buffer; fewer bytes than it has, also none, are not yet the end. One call at a time. */
  readTar(options: { tree: NativeTree; buffer: Buffer }): Promise<{ bytes: number; ended: boolean }>;
  readChanges(options: { tree: NativeTree }): Promise<{ changes: NativeChange[]; ended: boolean }>;
  closeTree(options: { tree: NativeTree }): Promise<void>;
  /** Give a file that was opened with O_TMPFILE a name, open(2). */
  linkFile(options: { fd: number; path: string }): void;
}
