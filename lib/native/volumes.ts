/** The image's directory at `path` of the container becomes what a new volume holds; csrc/core/copyup.h. */
export interface NativeCopyUp {
  path: string;
  /** The volume's directory, which has `_data`. Its lock is the caller's. */
  volume: string;
  /** Directory to be made for the copy, on the volume's file system; gone afterwards. */
  temporary: string;
}
