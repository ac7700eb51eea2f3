import path from 'node:path';
import type { NativeWorkspace } from '../../native';
import { writePaths } from '../paths';
import type { MountOptions } from '../types';
import { Driver } from './driver';

/**
 * No union at all: the write layer is a copy of the layers (sharing blocks where the file system can), bound to the
 * mount point. So the write layer holds everything, and what the container changed can only be told by comparing it
 * with the layers.
 */
export class VfsDriver extends Driver {
  readonly name = 'vfs';
  override readonly copies = true;

  plan({ layers, containerDir, size }: MountOptions): NativeWorkspace {
    const { writeLayer, mountPoint } = writePaths(containerDir, size);
    // Left out: this and the other containers, which are in the layer where that is the host's `/`.
    return { kind: 'copy', layers, writeLayer, mountPoint, size, skip: [path.dirname(containerDir)] };
  }
}
