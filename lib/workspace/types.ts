import type { NativeWorkspace } from '../native';

/** The drivers there are, in the order in which `auto` tries them. */
export const DRIVER_NAMES = ['aufs', 'overlay', 'fuse-overlayfs', 'vfs'] as const;

export type StorageDriverName = (typeof DRIVER_NAMES)[number];

/** Whether this machine has what a driver needs. */
export interface DriverCheck {
  usable: boolean;
  /** Why not, in words. */
  reason?: string;
}

/** What a container's file system is made of. */
export interface FileSystemOptions {
  /** Read-only layers, the topmost first; any directories. */
  layers: string[];
  /** The container's directory, `<root>/containers/<id>`; its parent is left out of copies. */
  containerDir: string;
}

export interface MountOptions extends FileSystemOptions {
  /**
   * The write layer goes with the container, so nothing of it need reach the disk: fsync(2) inside is free, and so
   * is unmounting while other data is dirty. It can be mounted once only.
   */
  ephemeral?: boolean;
  /** Bytes that the write layer can have. It is in a tmpfs then, and goes with the mount. */
  size?: number;
}

/** One way to make a container's file system of read-only layers and a write layer. */
export interface StorageDriver {
  readonly name: StorageDriverName;
  /** How its write layer tells what was changed; undefined where only a comparison with the layers can. */
  readonly marks?: 'overlay' | 'aufs';
  /** Its write layer holds all of the container's file system, and no union has to be made for it. */
  readonly copies?: boolean;
  /** Directory, write layer and mount can be made before the container is known: `prepare` of the addon. */
  readonly canPrepare: boolean;
  /**
   * Try it out: mount, change and unmount something in a directory of its own below `directory`.
   *
   * @param directory where write layers are to be; the directory for temporary files where not given
   */
  check(directory?: string): Promise<DriverCheck>;
  /** Why it can not work on these layers with containers below `root`; undefined where it can. */
  refuses(options: { layers: string[]; root: string }): string | undefined;
  /** What a container's file system is made of. Changes nothing. */
  plan(options: MountOptions): NativeWorkspace;
}
