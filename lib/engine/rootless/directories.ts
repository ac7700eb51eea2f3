import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../../common/errors';

/**
 * Where a user's skiff keeps what a reboot may forget: `$XDG_RUNTIME_DIR/skiff`, else below /run/user, else below /tmp.
 * It is made where it is missing.
 *
 * @param uid of the user, who must own it alone
 * @throws SkiffError EACCES where it is somebody else's, or others may write to it
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function runtimeDirectory(uid: number): string {
  const directory = path.join(parentDirectory(uid), 'skiff');
  return ownDirectory(isTemporary(directory) ? `/tmp/skiff-${uid}` : directory, uid);
}

function parentDirectory(uid: number): string {
  const told = process.env.XDG_RUNTIME_DIR;
  const usual = `/run/user/${uid}`;
  if (told && path.isAbsolute(told) && isOwn(told, uid)) return told;
  return isOwn(usual, uid) ? usual : '/tmp';
}

function isTemporary(directory: string): boolean {
  return path.dirname(directory) === '/tmp';
}

function isOwn(directory: string, uid: number): boolean {
  const about = fs.lstatSync(directory, { throwIfNoEntry: false });
  return about?.isDirectory() === true && about.uid === uid;
}

/** /tmp is everybody's: what is there already may be a trap. */
function ownDirectory(directory: string, uid: number): string {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const about = fs.lstatSync(directory);
  if (about.isDirectory() && about.uid === uid && (about.mode & 0o022) === 0) return directory;
  throw new SkiffError(`cannot use the runtime directory: ${directory}: it is not this user's alone`, {
    code: 'EACCES',
    path: directory,
    remedy: 'Set XDG_RUNTIME_DIR to a directory that is yours, of mode 0700.',
  });
}
