import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../common/errors';
import { packageRoot } from '../common/package';

/** Where an image's root file system comes from. */
export interface ImageSource {
  /** The image as the user named it. */
  name: string;
  /** Archive of its one layer. */
  tar: string;
}

/** The image that is run where none is named. */
export const DEFAULT_IMAGE = 'busybox';

/**
 * Find an image: the bundled busybox, or an archive of a root file system by its path (`./rootfs.tar`, `/x/y.tar.gz`).
 *
 * @throws SkiffError IMAGE_NOT_FOUND
 */
export function findImage(name: string): ImageSource {
  const source = lookUp(name);
  if (source) return source;
  throw new SkiffError(`no such image: ${name}${isTarPath(name) ? `: ${reasonAgainst(name)}` : ''}`, {
    code: 'IMAGE_NOT_FOUND',
    path: name,
    remedy: `There is ${DEFAULT_IMAGE}; the path of a tar archive, such as ./rootfs.tar, is an image too.`,
  });
}

/** Whether {@link findImage} would find it. */
export function hasImage(name: string): boolean {
  return lookUp(name) !== undefined;
}

function lookUp(name: string): ImageSource | undefined {
  if (name === DEFAULT_IMAGE || name === `${DEFAULT_IMAGE}:latest`) {
    return { name: DEFAULT_IMAGE, tar: path.join(packageRoot(), 'busybox.tar') };
  }
  if (!isTarPath(name) || !isFile(name)) return undefined;
  return { name, tar: path.resolve(name) };
}

function isTarPath(name: string): boolean {
  return /^\.{0,2}\/.*\.tar(\.gz)?$/s.test(name);
}

function reasonAgainst(file: string): string {
  return fs.existsSync(file) ? 'not a regular file' : 'no such file';
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
