import type { IdRange } from '../common/id-range';
import type { NativeCgroup, NativeWorkspace } from './start';

/** Containers' parts that are made ahead. A number stands for what was made; what nobody takes goes with this thread. */
export interface AheadNative {
  /**
   * Make the directory, the write layer, the mount point and the cgroups of a container. Where it fails, the caller
   * removes what is left of it, and of `used`.
   *
   * @returns for `ahead` of `start`
   */
  prepare(options: {
    /** A directory that `remove` has left. */
    used?: number;
    /** The container's, until its record is written. */
    directory: string;
    /** Below that; `overlay`. */
    workspace: NativeWorkspace;
    /** Its layers never change as long as they are there: they can be mounted, too. */
    mount: boolean;
    /** To mount them with: those of the namespace, whose descriptor it is. */
    ids?: IdRange;
    userNamespace?: number;
    cgroups: NativeCgroup[];
  }): Promise<number>;
  /**
   * Remove what was made, or left.
   *
   * @returns false where something of it is there yet, for the caller to remove
   */
  discard(options: { ahead: number }): Promise<boolean>;
}
