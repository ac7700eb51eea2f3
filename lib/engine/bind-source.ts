import fs from 'node:fs';
import path from 'node:path';
import { errorCode, SkiffError } from '../common/errors';
import type { CheckedMount } from '../spec/mount-request';
import { requirePropagation } from './propagation';

/**
 * See that the host's path of a bind mount is there: `-v` makes a missing one, as Docker does, a directory of root's with
 * mode 0755, since what kind of file is meant cannot be guessed.
 *
 * @throws SkiffError ENOENT, or INVALID_ARGUMENT where the host's mount cannot propagate as asked
 */
export function ensureSource({ source = '', makeSource, propagation }: CheckedMount): void {
  const from = path.resolve(source);
  if (!fs.existsSync(from)) {
    if (!makeSource) throw missingBind(source);
    makeSourceDirectory(from);
  }
  if (propagation) requirePropagation(from, propagation);
}

function makeSourceDirectory(directory: string): void {
  try {
    const parent = path.dirname(directory);
    if (!fs.existsSync(parent)) makeSourceDirectory(parent);
    fs.mkdirSync(directory);
    // Whatever this process's umask is.
    fs.chmodSync(directory, 0o755);
  } catch (cause) {
    if (SkiffError.is(cause)) throw cause;
    // Another start may make it at the same moment; a link that leads to nowhere is in the way for good.
    const code = errorCode(cause) ?? 'EIO';
    if (code === 'EEXIST' && fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
    const reason = { EEXIST: 'file exists', ENOTDIR: 'not a directory', EROFS: 'read-only file system' }[
      code
    ];
    throw new SkiffError(
      `error while creating mount source path '${directory}': mkdir ${directory}: ${reason ?? code}`,
      { code, path: directory, cause },
    );
  }
}

function missingBind(source: string): SkiffError {
  return new SkiffError(`invalid mount config for type "bind": bind source path does not exist: ${source}`, {
    code: 'ENOENT',
    path: source,
    remedy: `Make it first: mkdir -p ${source}`,
  });
}
