import fs from 'node:fs';
import { invalidArgument } from '../common/errors';
import { parseSize } from '../common/units';
import type { StartOptions } from './options';

/** A tmpfs has whole pages, and the root's own directories need a few. */
const LEAST_BYTES = 65_536;

/** Its file system is in memory: there is nothing of it after its end. */
const REMEDY = 'Leave it out, or give the data a volume or a tmpfs of its own: --tmpfs /data:size=64m.';

/**
 * How much a container may write to its root, `--storage-opt size=`.
 *
 * @returns bytes; undefined where there is no limit
 * @throws SkiffError INVALID_ARGUMENT for another option than `size`, for a size that is none, and beside `keep`
 */
export function toStorageSize({
  storageOpt = {},
  keep,
}: Pick<StartOptions, 'storageOpt' | 'keep'>): number | undefined {
  const unknown = Object.keys(storageOpt).find(name => name !== 'size');
  if (unknown !== undefined)
    throw invalidArgument(`unknown storage option: ${unknown}`, { remedy: 'Known is size.' });
  const { size } = storageOpt;
  if (size === undefined) return undefined;
  const bytes = typeof size === 'string' ? parseSize(size) : size;
  if (!Number.isSafeInteger(bytes) || bytes < LEAST_BYTES)
    throw invalidArgument(`invalid storage size: ${size}`, { remedy: 'The least is 64k.' });
  if (keep) throw staying();
  return bytes;
}

/** @throws SkiffError INVALID_ARGUMENT where a container that stays is to have a size */
export function refuseStorageSize(options: Pick<StartOptions, 'storageOpt'>): void {
  if (toStorageSize({ storageOpt: options.storageOpt }) !== undefined) throw staying();
}

function staying(): Error {
  return invalidArgument('storage option size: a container that stays can not have it', { remedy: REMEDY });
}

/** Whether the file system of a directory has no block or no inode left. One without a limit has 0 of 0. */
export function isFull(directory: string): boolean {
  const { blocks, bavail, files, ffree } = fs.statfsSync(directory);
  return (blocks > 0 && bavail === 0) || (files > 0 && ffree === 0);
}
