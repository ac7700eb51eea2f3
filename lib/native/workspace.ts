import type { IdRange } from '../common/id-range';
import type { NativeWorkspace } from './start';

/** Text for the kernel: a string (as UTF-8), or a Buffer for names that are not UTF-8. Without NUL. */
export type NativeText = string | Buffer;

/** One step of writing an archive's entry below a layer's root; csrc/archive/unpack.h has the meaning of each kind. */
export interface UnpackEntry {
  kind: 'directory' | 'file' | 'data' | 'meta' | 'symlink' | 'link' | 'node' | 'whiteout' | 'opaque';
  /** Relative, without `.` and `..`; '' is the root itself. */
  name: NativeText;
  /** What a symlink says; for a hard link, a path below the root. */
  target?: NativeText;
  /** With the file type's bits, stat(2). */
  mode?: number;
  uid?: number;
  gid?: number;
  /** A device's numbers. */
  major?: number;
  minor?: number;
  /** Whole seconds since 1970, and nanoseconds after them: a number with fractions could not hold both exactly. */
  mtime?: number;
  mtimeNsec?: number;
  xattrs?: { name: NativeText; value: Buffer }[];
  /** Not to be changed before the call's promise is settled. */
  data?: Buffer;
  /** Where `data` belongs in the file, in bytes. */
  offset?: number;
  /** Bytes of the whole file. */
  size?: number;
}

/**
 * The native part of lib/workspace. Errors carry `code` (the errno's name), `syscall` and `path`. What returns a
 * promise works on the thread pool.
 */
export interface WorkspaceNative {
  /** Make a container's write layer. */
  makeWriteLayer(options: NativeWorkspace): Promise<void>;
  /** Make its mount point, where it is missing, and mount on it. */
  makeMountPoint(options: NativeWorkspace): Promise<void>;
  /** Unmount all that is mounted on `target`, lazily where it is in use; not mounted is fine. `remove`: rmdir it too. */
  unmount(options: { target: string; remove?: boolean }): Promise<void>;
  /** Delete trees of any depth without following links; a mount in one is an error and stays untouched. */
  removeTrees(options: { paths: string[] }): Promise<void>;
  /** syncfs(2) of the file system that the directory is on. */
  syncFileSystem(options: { path: string }): Promise<void>;
  /**
   * Write entries in order below the directory `root`; no name leads out of it, whatever links are there.
   *
   * @param options.keepKinds a directory is not replaced by what is none (EISDIR), nor the other way round (ENOTDIR)
   * @param options.ids what is written there is shifted into these, and the entries' owners are among them
   * @param options.replaced a directory of the same file system: files with content are moved there where another entry
   * takes their name, and called by numbers, from `firstReplaced` on
   * @returns for each of those files the index of the entry that took its name
   */
  unpack(options: {
    root: string;
    entries: UnpackEntry[];
    keepKinds?: boolean;
    ids?: IdRange;
    replaced?: string;
    firstReplaced?: number;
  }): Promise<number[]>;
  /**
   * Read a regular file of an untrusted tree, synchronously. Links are resolved as if `root` were `/`.
   *
   * @returns null where the file is missing
   * @throws EINVAL where it is a FIFO, device or socket, EISDIR, EFBIG above `maxBytes`
   */
  readFileInRoot(options: {
    root: string;
    path: string;
    maxBytes: number;
    /** Resolve step by step even where the kernel has openat2(2). */
    walk?: boolean;
  }): Buffer | null;
}
