import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../common/errors';
import { DEFAULT_IMAGE } from './bundled';

/** Whether an image's name is the path of a root file system's archive: `./rootfs.tar`, `/x/y.tar.gz`. */
function isTarPath(name: string): boolean {
  return /^\.{0,2}\/.*\.(tar(\.(gz|zst|xz|bz2))?|tgz|txz)$/s.test(name);
}

/** @returns its absolute path; undefined where the name is none, or there is no such file */
export function findTar(name: string): string | undefined {
  return isTarPath(name) && isFile(name) ? path.resolve(name) : undefined;
}

/** What is told where nothing that can be run has the name. */
export function noImageToRun(name: string): SkiffError {
  return new SkiffError(`no such image: ${name}${isTarPath(name) ? `: ${reasonAgainst(name)}` : ''}`, {
    code: 'IMAGE_NOT_FOUND',
    path: name,
    remedy: `There is ${DEFAULT_IMAGE}; the path of a tar archive, such as ./rootfs.tar, is an image too.`,
  });
}

function reasonAgainst(file: string): string {
  return fs.existsSync(file) ? 'not a regular file' : 'no such file';
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
