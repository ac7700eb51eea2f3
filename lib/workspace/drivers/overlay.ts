import type { NativeWorkspace } from '../../native';
import { writePaths } from '../paths';
import { isRootless } from '../../common/rootless';
import type { MountOptions } from '../types';
import { Driver } from './driver';

/**
 * overlayfs, https://docs.kernel.org/filesystems/overlayfs.html. In the write layer a deleted name is a 0:0 character
 * device, and a directory that replaces one of a layer has the attribute `trusted.overlay.opaque`; without privileges
 * `user.overlay.opaque`.
 */
export class OverlayDriver extends Driver {
  readonly name = 'overlay';
  readonly marks = 'overlay';
  override readonly canPrepare: boolean;

  /** @param oldApi use mount(2) even where the kernel has fsopen(2) */
  constructor(private readonly oldApi = false) {
    super();
    this.canPrepare = !oldApi;
  }

  plan({ layers, containerDir, ephemeral, size }: MountOptions): NativeWorkspace {
    const { writeLayer, work, mountPoint } = writePaths(containerDir, size);
    return {
      kind: 'overlay',
      layers,
      writeLayer,
      work,
      mountPoint,
      size,
      volatile: ephemeral,
      userXattr: isRootless(),
      oldApi: this.oldApi,
    };
  }
}
