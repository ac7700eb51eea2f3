import { errorMessage, SkiffError, type SkiffErrorDetails } from '../common/errors';
import { isRootless } from '../common/rootless';

/** What the addon's errors carry. */
interface NativeError extends Error {
  code: string;
  syscall?: string;
  path?: string;
  step?: string;
}

/** Exit code and reason of an execve that failed: docker's, which its callers match on. */
const EXEC_FAILURES: Record<string, { reason: string; exitCode: 126 | 127; remedy?: string }> = {
  ENOENT: { reason: 'no such file or directory', exitCode: 127 },
  ENOTDIR: { reason: 'not a directory', exitCode: 127 },
  EACCES: { reason: 'permission denied', exitCode: 126 },
  EISDIR: { reason: 'is a directory: permission denied', exitCode: 126 },
  ENOEXEC: {
    reason: 'exec format error',
    exitCode: 126,
    remedy: 'It is no program for this machine; a script needs a first line such as #!/bin/sh.',
  },
  E2BIG: {
    reason: 'argument list too long',
    exitCode: 126,
    remedy: 'One argument may have 128 KiB, all of them with the environment a quarter of the stack limit.',
  },
  ELOOP: { reason: 'too many levels of symbolic links', exitCode: 126 },
  ETXTBSY: { reason: 'text file busy', exitCode: 126 },
};

const REMEDIES: Record<string, string> = {
  EMFILE: 'This process has too many files open: raise its limit (ulimit -n).',
  ENFILE: 'The machine has too many files open: raise fs.file-max.',
  ENOSPC: 'Free some space or inodes there, raise user.max_*_namespaces, or use another root directory.',
  EPERM:
    'In a container, start the outer one with --privileged, or at least --security-opt seccomp=unconfined.',
  ENOMEM: 'The machine or its cgroup is out of memory.',
  EAGAIN: 'There are too many processes: see ulimit -u and pids.max of the cgroup.',
};

const OUTER_REMEDY =
  'In a container, start the outer one with --security-opt seccomp=unconfined and a /proc that is not masked ' +
  '(docker: --security-opt systempaths=unconfined, podman: --security-opt unmask=ALL).';

const BIND_REMEDIES: Record<string, string> = {
  ENOSYS:
    'Bind mounts need Linux 5.12, and no filter around this process that forbids open_tree, move_mount and mount_setattr.',
  ENOTDIR: 'A file can be mounted on a file only, and a directory on a directory.',
  EXDEV: 'It is in /proc, by itself or through a link of the image: nothing may stand in for what is there.',
  ELOOP: 'A link of the image leads from this place to nowhere, or out of the container.',
  EMFILE: 'Each bind mount takes an open file while the container starts: raise the limit (ulimit -n).',
};

const FILE_REMEDIES: Record<string, string> = {
  EROFS: 'Put it into the work directory or a tmpfs, or add one: of --profile sandbox, /w and /tmp.',
  ELOOP: 'No file is written through a symbolic link: name the place that it leads to.',
  ENOSPC: 'Give the file system that it lies in a larger size.',
};

/** The host's path of a bind mount has gone since it was looked at. */
function missingSource(path: string, details: Partial<SkiffErrorDetails>): SkiffError {
  if (!path.startsWith('/')) {
    return new SkiffError(`cannot access path ${path} in the volume: no such file or directory`, {
      code: 'ENOENT',
      ...details,
    });
  }
  return new SkiffError(`cannot mount ${path}: no such file or directory`, {
    code: 'ENOENT',
    path,
    ...details,
    remedy: `Make it first: mkdir -p ${path}`,
  });
}

const LABEL_FAILURES: Record<
  'apparmor' | 'selinux',
  { what: string; code: string; reason: string; remedy: string }
> = {
  apparmor: {
    what: 'cannot set the AppArmor profile',
    code: 'ENOENT',
    reason: 'the kernel has no such profile',
    remedy:
      'Load it first: apparmor_parser -r FILE (as root); /sys/kernel/security/apparmor/profiles lists them.',
  },
  selinux: {
    what: 'cannot set the SELinux label',
    code: 'EINVAL',
    reason: 'the policy knows no such context',
    remedy: 'See the contexts of processes with ps -eZ, and the types of a policy with seinfo -t.',
  },
};

/** What the kernel says to a label that a process is to be executed with. */
function labelError(
  step: 'apparmor' | 'selinux',
  code: string,
  label: string | undefined,
  details: Partial<SkiffErrorDetails>,
): SkiffError {
  const known = LABEL_FAILURES[step];
  const [reason, remedy] =
    code === known.code
      ? [known.reason, known.remedy]
      : [`${code}: the policy that skiff runs under does not let it`, undefined];
  return new SkiffError(`${known.what}: ${label}: ${reason}`, { code, ...details, remedy });
}

/**
 * Say what the addon's error means for the one who started the container.
 *
 * @param command the command's first word
 * @param what failed, where it was not the command itself
 */
export function startError(error: unknown, command: string, what = 'cannot start the container'): unknown {
  if (SkiffError.is(error) || !isNative(error)) return error;
  const { code, syscall, path, step } = error;
  const details = { code, syscall, path, step, cause: error };
  if (step === 'exec' && (syscall === 'execve' || syscall === 'execvpe')) {
    return execError(command, code, syscall, details);
  }
  if (syscall === 'write' && (step === 'apparmor' || step === 'selinux')) {
    return labelError(step, code, path, details);
  }
  // setresuid(2), setresgid(2), setgroups(2)
  if (step === 'user' && code === 'EINVAL') {
    return new SkiffError(`${what}: its user namespace does not have this user, or a group of the user`, {
      ...details,
      remedy: 'Ask for more ids (--userns auto:size=65000), or for another user (-u).',
    });
  }
  if (step === 'bind-source' && code === 'ENOENT' && path) return missingSource(path, details);
  if (step === 'file') {
    return new SkiffError(`cannot put a file into the container: ${error.message}`, {
      ...details,
      remedy: FILE_REMEDIES[code],
    });
  }
  return new SkiffError(`${what}: ${step === undefined ? '' : `${step}: `}${error.message}`, {
    ...details,
    remedy: (isOfMount(step) && BIND_REMEDIES[code]) || (isOuter(code) ? OUTER_REMEDY : REMEDIES[code]),
  });
}

/** In a user namespace of our own all is permitted but what somebody outside forbids. */
function isOuter(code: string): boolean {
  return code === 'EPERM' && isRootless();
}

function isOfMount(step: string | undefined): boolean {
  return step === 'bind' || step === 'bind-source' || step === 'mount';
}

function execError(
  command: string,
  code: string,
  syscall: string,
  details: { code: string; cause: unknown },
) {
  const known = EXEC_FAILURES[code];
  const reason = syscall === 'execvpe' ? 'executable file not found in $PATH' : known?.reason;
  return new SkiffError(`cannot start ${JSON.stringify(command)}: ${reason ?? errorMessage(details.cause)}`, {
    ...details,
    exitCode: known?.exitCode ?? 126,
    remedy: known?.remedy,
  });
}

/** Not by `instanceof`: the addon's errors are of the realm that loaded it, which need not be this one. */
function isNative(error: unknown): error is NativeError {
  return typeof error === 'object' && error !== null && 'code' in error && 'errno' in error;
}
