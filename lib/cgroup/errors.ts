import { errorCode, errorMessage, SkiffError, type SkiffErrorDetails } from '../common/errors';
import { isRootless } from '../common/rootless';

/** An error about cgroups: what failed, on which file, why, and what the user can do. */
export function cgroupError(
  what: string,
  path: string,
  cause: unknown,
  details: Partial<SkiffErrorDetails> = {},
): SkiffError {
  const code = errorCode(cause) ?? 'CGROUP_FAILED';
  return new SkiffError(`${what}: ${path}: ${reason(cause)}`, {
    code,
    path,
    step: 'cgroup',
    cause,
    remedy: remedyOf(code, path),
    ...details,
  });
}

/** Without node's or the addon's own path and call: `EACCES: permission denied`. */
function reason(cause: unknown): string {
  const message = errorMessage(cause);
  const nodes = /^[A-Z0-9]+: [^,]*/.exec(message)?.[0];
  const code = errorCode(cause);
  if (nodes !== undefined || code === undefined) return nodes ?? message;
  return `${code}: ${message.slice(message.lastIndexOf(': ') + 2).toLowerCase()}`;
}

/** v1 hands no controller to a user: only root can chown a directory of each hierarchy. */
const V1_REMEDY =
  'Run skiff as root, or boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1), which can hand limits to users.';

function isVersion1(path: string): boolean {
  return /^\/sys\/fs\/cgroup\/(?!unified)[a-z_,]+(\/|$)/.test(path) && isRootless();
}

function remedyOf(code: string, path: string): string | undefined {
  switch (code) {
    case 'EROFS':
      return 'The cgroup file system is mounted read-only here. Remount it writable, or start the outer container with --privileged.';
    case 'EACCES':
    case 'EPERM':
      return isVersion1(path) ? V1_REMEDY : DELEGATE_REMEDY;
    case 'EINVAL':
      return 'The kernel refuses this value here: it is out of range, or more than the cgroup above allows.';
    case 'ENOSPC':
      return 'The cgroup above allows no further sub-cgroup (cgroup.max.descendants) or has no CPU left to give.';
    default:
      return undefined;
  }
}

/** How to get a cgroup in which limits can be set. */
export const DELEGATE_REMEDY =
  'Run skiff as root, or in a cgroup of its own: systemd-run --user --scope -p Delegate=yes skiff run ...';
