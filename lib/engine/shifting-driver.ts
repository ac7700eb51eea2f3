import { errorCode, errorMessage, SkiffError } from '../common/errors';
import { selectDriver, type StorageDriver } from '../workspace';

/**
 * The driver for a container whose ids are shifted without root, whichever one others have: numbers on disk are the
 * container's own for it as for all.
 *
 * @throws SkiffError NO_STORAGE_DRIVER
 */
export async function selectShifting(options: { root: string; layers: string[] }): Promise<StorageDriver> {
  try {
    return await selectDriver({ ...options, name: 'fuse-overlayfs' });
  } catch (error) {
    if (errorCode(error) !== 'NO_STORAGE_DRIVER') throw error;
    throw new SkiffError(`cannot shift the ids of the container's files: ${errorMessage(error)}`, {
      code: 'NO_STORAGE_DRIVER',
      path: 'fuse-overlayfs',
      step: 'workspace',
      remedy:
        'Have root install the package fuse-overlayfs, and open /dev/fuse to you (mode 0666, as udev makes it); ' +
        '--userns host does without.',
      cause: error,
    });
  }
}
