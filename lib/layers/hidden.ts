import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import { native } from '../native';
import { withLock } from './lock';
import { leftHidden, temporaryName } from './owner';
import { layersDirectory, layersLock } from './paths';

/**
 * Bring back the layers that killed processes had taken out of sight, to see whether they can be removed: some may be a
 * container's. Those that nobody has go with the next collection.
 */
export async function restoreLayers(root: string): Promise<void> {
  const directory = layersDirectory(root);
  if (!fs.existsSync(directory) || (await leftHidden(directory)).length === 0) return;
  await withLock(layersLock(root), { shared: false }, async () => {
    for (const { hidden, name } of await leftHidden(directory)) {
      if (await moved(hidden, path.join(directory, name))) continue;
      const doomed = temporaryName(directory);
      await fs.promises.rename(hidden, doomed);
      await native().removeTrees({ paths: [doomed] });
    }
  });
}

/** The same where one of these layers (by their directories) cannot be seen. */
export async function restoreMissing(root: string, layers: readonly string[]): Promise<void> {
  if (!layers.every(layer => fs.existsSync(layer))) await restoreLayers(root);
}

/** @returns false where the layer was unpacked once more meanwhile */
async function moved(hidden: string, place: string): Promise<boolean> {
  try {
    await fs.promises.rename(hidden, place);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
