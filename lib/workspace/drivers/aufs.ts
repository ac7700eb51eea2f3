import path from 'node:path';
import type { NativeWorkspace } from '../../native';
import { writePaths } from '../paths';
import type { MountOptions } from '../types';
import { Driver } from './driver';

/** aufs, aufs(5). In the write layer a deleted name is a file `.wh.NAME`, an opaque directory has `.wh..wh..opq`. */
export class AufsDriver extends Driver {
  readonly name = 'aufs';
  readonly marks = 'aufs';

  /** "Aufs rejects the branch which is an ancestor or a descendant of another branch", aufs(5). */
  override refuses({ layers, root }: { layers: string[]; root: string }): string | undefined {
    const above = layers.find(layer => isInside(root, layer));
    return above === undefined
      ? undefined
      : `aufs can not have the layer ${above} with a write layer inside of it`;
  }

  plan({ layers, containerDir, size }: MountOptions): NativeWorkspace {
    const { writeLayer, mountPoint } = writePaths(containerDir, size);
    return { kind: 'aufs', layers, writeLayer, mountPoint, size };
  }
}

function isInside(file: string, directory: string): boolean {
  const relative = path.relative(directory, file);
  return relative !== '..' && !relative.startsWith('../');
}
