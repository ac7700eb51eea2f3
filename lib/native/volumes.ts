/** The image's directory at `path` of the container becomes what a new volume holds; csrc/core/copyup.h. */
export interface NativeCopyUp {
  path: string;
  /** The volume's directory, which has `_data`. Its lock is the caller's. */
  volume: string;
  /** Directory to be made for the copy, on the volume's file system; gone afterwards. */
  temporary: string;
}

/** The native part of lib/volumes. Errors carry `code` (the errno's name), `syscall` and `path`. */
export interface VolumesNative {
  /**
   * Lock a directory, synchronously and without waiting: flock(2), which the kernel drops with the descriptor.
   *
   * @returns the descriptor, to be given back with `close`; null where somebody else has the lock
   * @throws ENOENT where the directory is gone
   */
  tryLockDirectory(options: { path: string; shared?: boolean }): number | null;
}
