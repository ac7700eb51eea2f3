import fs from 'node:fs';
import path from 'node:path';
import { native } from '../../native';
import { containerPaths } from '../paths';
import type { FileSystemOptions, MountOptions } from '../types';
import { Driver } from './driver';

/**
 * No union at all: the write layer is a copy of the layers (sharing blocks where the file system can), bound to the
 * mount point. So the write layer holds everything, and what the container changed can only be told by comparing it
 * with the layers.
 */
export class VfsDriver extends Driver {
  readonly name = 'vfs';

  override async makeWriteLayer({ layers, containerDir }: FileSystemOptions): Promise<void> {
    const { writeLayer } = containerPaths(containerDir);
    fs.mkdirSync(writeLayer);
    // Left out: this and the other containers, which are in the layer where that is the host's `/`.
    await native().copyLayers({ layers, target: writeLayer, skip: [path.dirname(containerDir)] });
  }

  mount({ containerDir }: MountOptions): Promise<void> {
    const { writeLayer, mountPoint } = containerPaths(containerDir);
    return native().mountBind({ source: writeLayer, target: mountPoint });
  }
}
