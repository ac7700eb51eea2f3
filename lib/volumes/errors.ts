import { errorCode, errorMessage, SkiffError } from '../common/errors';

/** @returns the error in Docker's words */
export function noSuchVolume(name: string): SkiffError {
  return new SkiffError(`get ${name}: no such volume`, {
    code: 'VOLUME_NOT_FOUND',
    path: name,
    exitCode: 1,
  });
}

/** @param users ids of the containers that name it */
export function volumeInUse(name: string, users: readonly string[]): SkiffError {
  return new SkiffError(`remove ${name}: volume is in use - [${users.join(', ')}]`, {
    code: 'VOLUME_IN_USE',
    path: name,
    exitCode: 1,
    remedy: 'Remove these containers first.',
  });
}

export function volumeBusy(name: string): SkiffError {
  return new SkiffError(`cannot lock the volume: ${name}: somebody else is at work on it`, {
    code: 'VOLUME_BUSY',
    path: name,
    remedy: 'Another container that uses it may be just starting; try again.',
  });
}

/**
 * A failed system call about a volume, told as one of its creation or removal.
 *
 * @param place where volumes are
 */
export function volumeFailure(
  what: 'create' | 'remove',
  name: string,
  place: string,
  cause: unknown,
): SkiffError {
  const code = errorCode(cause) ?? 'EIO';
  // Node's text ends with its own call and path.
  const reason = errorMessage(cause).replace(/^[A-Z0-9]+: |, \w+( '.*)?$/gs, '');
  return new SkiffError(`cannot ${what} the volume: ${name}: ${reason}`, {
    code,
    path: name,
    exitCode: 1,
    cause,
    ...(code === 'ENOSPC' && { remedy: `Free some space or inodes on the file system of ${place}.` }),
  });
}
