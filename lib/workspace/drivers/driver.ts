import fs from 'node:fs';
import { containerPaths } from '../paths';
import { probe } from '../probe';
import type {
  DriverCheck,
  FileSystemOptions,
  MountOptions,
  StorageDriver,
  StorageDriverName,
} from '../types';

/** What drivers do alike where they have no reason to do otherwise. */
export abstract class Driver implements StorageDriver {
  abstract readonly name: StorageDriverName;

  check(directory?: string): Promise<DriverCheck> {
    return probe(this, directory);
  }

  refuses(_options: { layers: string[]; root: string }): string | undefined {
    return undefined;
  }

  /** The root directory of a union has the write layer's owner and mode: those of the topmost layer, then. */
  async makeWriteLayer({ layers, containerDir }: FileSystemOptions): Promise<void> {
    const { writeLayer, work } = containerPaths(containerDir);
    const top = fs.statSync(layers[0] ?? '/');
    // Synchronous, since these calls take less than one way to the thread pool and back.
    fs.mkdirSync(writeLayer);
    fs.mkdirSync(work, 0o700);
    fs.chmodSync(writeLayer, top.mode & 0o7777);
    if (top.uid !== process.geteuid?.() || top.gid !== process.getegid?.())
      fs.chownSync(writeLayer, top.uid, top.gid);
  }

  abstract mount(options: MountOptions): Promise<void>;
}
