import type { CgroupVersion } from './types';

/** A cgroup mount as one line of /proc/PID/mountinfo tells it, proc_pid_mountinfo(5). */
export interface CgroupMount {
  version: CgroupVersion;
  /** Which directory of the hierarchy is the mount's root: `/` but for bind mounts and cgroup namespaces. */
  root: string;
  mountPoint: string;
  readOnly: boolean;
  /** Options of the file system; of v1 they name the controllers. */
  superOptions: string[];
}

/** Undo the octal escapes of a mountinfo field: space, tab, newline and backslash are `\040` and so on. */
export function decodeMountField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/**
 * The cgroup and cgroup2 mounts of a mountinfo text. Of two on the same mount point the later one is kept,
 * which covers the earlier. Lines of other file systems, and lines that cannot be read, are passed over.
 */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const byMountPoint = new Map<string, CgroupMount>();
  // From hit to hit instead of line by line: a busy machine has thousands of other mounts.
  for (let at = mountinfo.indexOf(MARK); at >= 0; at = mountinfo.indexOf(MARK, at + 1)) {
    const end = mountinfo.indexOf('\n', at);
    const before = mountinfo.slice(mountinfo.lastIndexOf('\n', at) + 1, at).split(' ');
    const after = mountinfo.slice(at + 3, end < 0 ? undefined : end).split(' ');
    const mount = toMount(before, after);
    if (mount) byMountPoint.set(mount.mountPoint, mount);
  }
  return [...byMountPoint.values()];
}

/** The dash parts what a mount is from what its file system is; blanks inside fields are escaped. */
const MARK = ' - cgroup';

/**
 * Before the dash: id, parent, device, root, mount point, options, tags. After it: type, source, super
 * options.
 */
function toMount(before: string[], after: string[]): CgroupMount | undefined {
  const [, , , root, mountPoint, options] = before;
  const [type, , superOptions] = after;
  if (!root || !mountPoint || !options || !superOptions) return undefined;
  if (type !== 'cgroup' && type !== 'cgroup2') return undefined;
  const flags = superOptions.split(',');
  return {
    version: type === 'cgroup2' ? 2 : 1,
    root: decodeMountField(root),
    mountPoint: decodeMountField(mountPoint),
    readOnly: flags.includes('ro') || options.split(',').includes('ro'),
    superOptions: flags,
  };
}
