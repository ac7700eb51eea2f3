import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import { bundledImage } from './bundled';
import { imagePaths, makeImageDirectory, syncDirectory } from './files';
import { idsIn, readImageIn, type ReadImage } from './records';

/**
 * Images that were removed while containers which do not run were made of them: their records are out of sight of all
 * but these containers, which are started and committed by them, and go with the last one.
 */

/** Take an image's record out of sight; missing is fine. Within `ImageStore.changing`. */
export async function forgetImage(root: string, hex: string): Promise<void> {
  const { records, forgotten } = imagePaths(root);
  makeImageDirectory(forgotten);
  try {
    await fs.promises.rename(recordIn(records, hex), recordIn(forgotten, hex));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await syncDirectory(forgotten);
  await syncDirectory(records);
}

/** Remove forgotten records for good. Within `ImageStore.changing`. */
export async function removeForgotten(root: string, hexes: readonly string[]): Promise<void> {
  const { forgotten } = imagePaths(root);
  for (const hex of hexes) await fs.promises.rm(recordIn(forgotten, hex), { force: true });
  if (forgottenIds(root).length === 0) fs.rmSync(forgotten, { recursive: true, force: true });
}

/** @throws SkiffError BROKEN_STORE, FUTURE_STORE where it cannot be read */
export function readForgotten(root: string, hex: string): ReadImage | undefined {
  return readImageIn(imagePaths(root).forgotten, hex);
}

/** The ids (hexadecimal) of all of them. Costs one failed open(2) where there are none. */
export function forgottenIds(root: string): string[] {
  return idsIn(imagePaths(root).forgotten);
}

/** Whether its record is there, in sight or not; the bundled image needs none. */
export function isKnownImage(root: string, hex: string): boolean {
  const { records, forgotten } = imagePaths(root);
  const isRecorded = [records, forgotten].some(place => fs.existsSync(recordIn(place, hex)));
  return isRecorded || bundledImage(root)?.hex === hex;
}

function recordIn(directory: string, hex: string): string {
  return path.join(directory, `${hex}.json`);
}
