import fs from 'node:fs';
import { errorCode } from '../common/errors';
import { unlessGone } from '../common/unless-gone';
import { native, type NativeCgroup } from '../native';

/**
 * All that lib/cgroup asks of the kernel. Errors are those of node:fs, with the errno's name in `code`.
 * Calls are synchronous: cgroup files live in memory and answer within tens of microseconds, sooner than
 * a trip through the thread pool.
 */
export interface CgroupKernel {
  read(path: string): string;
  /** One write(2) to a file that exists: the kernel takes each write as one command. */
  write(path: string, value: string): void;
  mkdir(path: string): void;
  /**
   * Make directories and write their settings, in order; an error has the `path` it was about. Returns for each whether
   * it was made: one that is optional need not be.
   */
  make(cgroups: NativeCgroup[]): boolean[];
  rmdir(path: string): void;
  /** Names of the directories in a directory. */
  subdirectories(path: string): string[];
  /** Whether this process may write to a file, or make a directory in a directory. */
  writable(path: string): boolean;
  /** Whether a path lies on a cgroup file system. */
  isCgroup(path: string): boolean;
  /** SIGKILL to one process. */
  kill(pid: number): void;
}

/** CGROUP_SUPER_MAGIC and CGROUP2_SUPER_MAGIC of statfs(2). */
const CGROUP_MAGICS = [0x27e0eb, 0x63677270];

/** The running kernel. */
export const hostKernel: CgroupKernel = {
  read: path => fs.readFileSync(path, 'utf8'),
  write(path, value) {
    const fd = fs.openSync(path, fs.constants.O_WRONLY);
    try {
      fs.writeSync(fd, value);
    } finally {
      fs.closeSync(fd);
    }
  },
  mkdir: path => fs.mkdirSync(path),
  make: cgroups => native().makeCgroups({ cgroups }),
  rmdir: path => fs.rmdirSync(path),
  subdirectories: path =>
    fs
      .readdirSync(path, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name),
  writable(path) {
    try {
      fs.accessSync(path, fs.constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
  isCgroup: path => CGROUP_MAGICS.includes(fs.statfsSync(path).type),
  kill: pid => {
    process.kill(pid, 'SIGKILL');
  },
};

/** The content of a file, or undefined where it does not exist. Other errors are thrown. */
export function readIfThere(kernel: CgroupKernel, path: string): string | undefined {
  return unlessGone(() => kernel.read(path));
}

/** The words of a file such as `cgroup.controllers`; none where the file does not exist. */
export function readWords(kernel: CgroupKernel, path: string): string[] {
  return (readIfThere(kernel, path) ?? '').split(/\s+/).filter(word => word !== '');
}

/**
 * The processes listed in a directory's `cgroup.procs`. 0 stands for a process of another pid namespace.
 * None where the cgroup is gone (ENODEV is what a file opened before the removal answers), and none where it
 * is threaded (EOPNOTSUPP): its processes are then listed by the cgroup above it, cgroups(7).
 */
export function readPids(kernel: CgroupKernel, directory: string): number[] {
  try {
    return readWords(kernel, `${directory}/cgroup.procs`).map(Number);
  } catch (error) {
    if (['ENODEV', 'EOPNOTSUPP'].includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}

/** Whether a cgroup is there. */
export function exists(kernel: CgroupKernel, path: string): boolean {
  return unlessGone(() => kernel.subdirectories(path)) !== undefined;
}
