import { errorCode, errorMessage, SkiffError, type SkiffErrorDetails } from '../common/errors';
import { isRootless } from '../common/rootless';
import { formatBytes } from '../common/units';

/**
 * An error of the workspace: what failed, on which path, why.
 *
 * @param what the operation, in a few words
 * @param path what it was about
 * @param cause what was thrown, or the reason in words
 */
export function workspaceError(
  what: string,
  path: string,
  cause: unknown,
  details: Partial<SkiffErrorDetails> = {},
): SkiffError {
  const reason = typeof cause === 'string' ? cause : reasonOf(cause, path);
  const code = details.code ?? errorCode(cause) ?? 'WORKSPACE_FAILED';
  return new SkiffError(`${what}: ${path}: ${reason}`, {
    code,
    path,
    step: 'workspace',
    cause: typeof cause === 'string' ? undefined : cause,
    remedy: rootlessRemedy(cause) ?? remedyOf(code),
    ...details,
  });
}

/** Without a repetition of the path that is told already; node has it at the end, the addon in the middle. */
function reasonOf(cause: unknown, path: string): string {
  const message = errorMessage(cause).replace(`: ${path}: `, ': ');
  return message.endsWith(`'${path}'`) ? message.replace(/, \w+ '.*'$/s, '') : message;
}

/** What the same would need that fails for a user without privileges only. */
function rootlessRemedy(cause: unknown): string | undefined {
  const { syscall } = cause as { syscall?: string };
  const code = errorCode(cause) ?? '';
  if (!isRootless() || !['EINVAL', 'EPERM', 'EOVERFLOW'].includes(code)) return undefined;
  if (syscall?.includes('chown'))
    return 'The owner has no id in your user namespace: have root add larger ranges to /etc/subuid and /etc/subgid.';
  if (syscall === 'mount' || syscall?.startsWith('fs'))
    return 'A directory with other file systems mounted in it, such as /, can be a root file system only for root.';
  return undefined;
}

/** There is no room for more on a file system, or for more of this user's. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

/** @param place a directory of the file system that is full */
export function fullRemedy(place: string): string {
  return `Free space or inodes on the file system of ${place}, or choose another root directory (--root).`;
}

function remedyOf(code: string): string | undefined {
  switch (code) {
    case 'ENOSPC':
      return 'Free space or inodes on that file system, or choose another root directory (--root).';
    case 'EMFILE':
      return 'This process has too many files open: raise its limit (ulimit -n).';
    case 'EROFS':
    case 'EACCES':
      return 'Choose a root directory that can be written to (--root or SKIFF_ROOT).';
    case 'EPERM':
      return 'Run skiff as root; inside another container, give that one CAP_SYS_ADMIN.';
    case 'ENAMETOOLONG':
      return 'Choose a root directory with a shorter path (--root or SKIFF_ROOT).';
    default:
      return undefined;
  }
}

/** Run `work`; what it throws becomes an error of the workspace (one that already is stays as it is). */
export async function explain<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw SkiffError.is(error) ? error : workspaceError(what, path, error);
  }
}

/** An archive that is longer than it may be. */
export function tooLarge(maxBytes: number): SkiffError {
  return new SkiffError(`it unpacks to more than ${formatBytes(maxBytes)}`, {
    code: 'TOO_LARGE',
    remedy: 'Allow more where it is to be trusted: --max-size.',
  });
}
