import fs from 'node:fs';
import { errorCode, invalidArgument } from '../../common/errors';
import type { NativeWorkspace } from '../../native';
import { containerPaths } from '../paths';
import type { DriverCheck, MountOptions } from '../types';
import { Driver } from './driver';

/** As csrc/core/fusemount.c has them. */
const PROGRAMS = ['/usr/bin', '/usr/local/bin', '/bin'].map(directory => `${directory}/fuse-overlayfs`);
const DEVICE = '/dev/fuse';

/**
 * fuse-overlayfs(1): a program that serves the union, one process for each mount. For users whose kernel has no overlay
 * for them: before Linux 5.11, or by somebody's policy. How its write layer tells what was changed depends on what it was
 * allowed to write there, so only a comparison tells it here.
 */
export class FuseOverlayfsDriver extends Driver {
  readonly name = 'fuse-overlayfs';

  override check(directory?: string): Promise<DriverCheck> {
    const reason = whatIsMissing();
    return reason === undefined ? super.check(directory) : Promise.resolve({ usable: false, reason });
  }

  /** Its options have no escape for what separates them. */
  override refuses({ layers, root }: { layers: string[]; root: string }): string | undefined {
    const odd = [root, ...layers].find(name => /[\\:,]/.test(name));
    return odd === undefined ? undefined : `fuse-overlayfs can not have ":", "," or "\\" in a name: ${odd}`;
  }

  plan({ layers, containerDir, ephemeral, size }: MountOptions): NativeWorkspace {
    // Where its write layer is full it does not answer any more.
    if (size !== undefined)
      throw invalidArgument('storage option size: fuse-overlayfs can not have it', {
        remedy:
          'Use another storage driver (--storage-driver overlay or vfs), or a tmpfs: --tmpfs /data:size=64m.',
      });
    const { writeLayer, work, mountPoint } = containerPaths(containerDir);
    return { kind: 'fuse', layers, writeLayer, work, mountPoint, volatile: ephemeral };
  }
}

function whatIsMissing(): string | undefined {
  if (!PROGRAMS.some(program => fs.existsSync(program)))
    return 'the program fuse-overlayfs is not installed (package fuse-overlayfs)';
  try {
    fs.closeSync(fs.openSync(DEVICE, 'r+'));
    return undefined;
  } catch (error) {
    return `${DEVICE} can not be opened: ${errorCode(error)}`;
  }
}
