import fs from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../common/directories';
import { restoreLayers } from '../layers/hidden';
import { removeLeftovers, temporaryName } from '../layers/owner';
import { layerFactsDirectory, layersDirectory } from '../layers/paths';

/** Where the store of a root keeps what. */
export function imagePaths(root: string) {
  const images = path.join(root, 'images');
  const records = path.join(images, 'records');
  return {
    images,
    records,
    record: (hex: string) => path.join(records, `${hex}.json`),
    /** Records of removed images that containers still have, forgotten.ts. */
    forgotten: path.join(images, 'forgotten'),
    refs: path.join(images, 'refs.json'),
    /** Held while records and names are changed: for milliseconds. */
    lock: path.join(images, 'lock'),
    /** Held, shared, while layers are added of which no record tells yet. */
    addLock: path.join(images, 'adding.lock'),
  };
}

/** Write a file whole: it has its old content or the new one, at every moment and after a power cut. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const directory = path.dirname(file);
  const temporary = temporaryName(directory);
  try {
    const handle = await fs.promises.open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(temporary, file);
  } catch (error) {
    await fs.promises.rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/** What was made, renamed and removed in a directory reaches the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.promises.open(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Not for everybody: what an image's config says is nobody else's business. */
export function makeImageDirectory(directory: string): void {
  makeDirectories(directory, 0o700);
}

/** Make the store's directories, and remove what killed processes left in them. */
export async function prepareImages(root: string): Promise<void> {
  const { images, records } = imagePaths(root);
  makeImageDirectory(records);
  for (const directory of [images, records]) await removeLeftovers(directory);
}

/** Remove what killed processes left among images and layers, and bring back what they had out of sight. */
export async function sweepImages(root: string): Promise<void> {
  const { images, records } = imagePaths(root);
  for (const directory of [images, records, layersDirectory(root), layerFactsDirectory(root)]) {
    if (fs.existsSync(directory)) await removeLeftovers(directory);
  }
  await restoreLayers(root);
}
