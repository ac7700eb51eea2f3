import { errorCode, SkiffError } from '../common/errors';
import { destroyDirectories, killAll } from './destroy';
import { cgroupError } from './errors';
import { hostKernel, readIfThere, type CgroupKernel } from './kernel';
import type { CgroupCounter } from './manager';
import { managerOf } from './managers';
import { isDirectoryOf } from './names';
import { countIn } from './stat';
import type { CgroupRecord, CgroupStat } from './types';

/** A container's cgroup: one directory in each hierarchy that limits or counts something for it. */
export class Cgroup {
  readonly id: string;
  /** Absolute directories. */
  readonly paths: readonly string[];
  /** The files that a pid is written into to put its process in. */
  readonly procsFiles: readonly string[];

  readonly #record: CgroupRecord;
  readonly #kernel: CgroupKernel;

  constructor(record: CgroupRecord, kernel: CgroupKernel = hostKernel) {
    this.#record = record;
    this.#kernel = kernel;
    this.id = record.id;
    this.paths = record.directories.map(({ path }) => path);
    this.procsFiles = this.paths.map(path => `${path}/cgroup.procs`);
  }

  /**
   * Put a process, with all of its threads, into the cgroup.
   *
   * @param pid as this process sees it
   * @throws SkiffError with the errno's name: ESRCH where the process is gone
   */
  add(pid: number): void {
    for (const file of this.procsFiles) {
      try {
        this.#kernel.write(file, String(pid));
      } catch (error) {
        throw cgroupError(`cannot put process ${pid} into its cgroup`, file, error);
      }
    }
  }

  /** Where the kernel counts what. */
  counters(): CgroupCounter[] {
    return this.#record.directories.flatMap(directory => managerOf(directory.version).counters(directory));
  }

  /** What the kernel counted so far; nothing of a directory that is gone. */
  stat(): CgroupStat {
    const counters = this.counters();
    return statOf(
      counters,
      counters.map(({ file }) => readIfThere(this.#kernel, file)),
    );
  }

  /** SIGKILL to every process in it. Some may still be ending when this returns. */
  kill(): void {
    for (const directory of this.#record.directories) killAll(this.#kernel, directory);
  }

  /**
   * Kill everything in it and remove its directories, with the cgroups made below them. Returns at the first
   * try where all has ended already; destroying twice is no error.
   *
   * @throws SkiffError EBUSY that names the processes left after about two seconds
   */
  async destroy(): Promise<void> {
    await destroyDirectories(this.#kernel, this.#record.directories);
  }

  /** Plain JSON, for the container's state record; see {@link openCgroup}. */
  record(): CgroupRecord {
    return structuredClone(this.#record);
  }
}

/**
 * What was counted.
 *
 * @param texts of the counters' files; none where there is no such file
 */
export function statOf(
  counters: readonly CgroupCounter[],
  texts: readonly (string | null | undefined)[],
): CgroupStat {
  const stat: CgroupStat = {};
  for (const [index, { stat: name, key, per = 1 }] of counters.entries()) {
    const count = countIn(texts[index], key);
    if (count !== undefined) stat[name] ??= Math.round(count / per);
  }
  return stat;
}

/**
 * The cgroup that a state record tells of. Its directories may be gone.
 *
 * @throws SkiffError INVALID_ARGUMENT where a path is not named after the id or is no cgroup: nothing of a
 * damaged record is ever killed or removed
 */
export function openCgroup(record: CgroupRecord, kernel: CgroupKernel = hostKernel): Cgroup {
  for (const { path } of record.directories) {
    if (!isDirectoryOf(record.id, path) || !isCgroupOrGone(kernel, path)) {
      throw new SkiffError(`not the cgroup of container ${record.id}: ${path}`, {
        code: 'INVALID_ARGUMENT',
        path,
        remedy: 'The record of this container is damaged; remove its directory by hand.',
      });
    }
  }
  return new Cgroup(structuredClone(record), kernel);
}

function isCgroupOrGone(kernel: CgroupKernel, path: string): boolean {
  try {
    return kernel.isCgroup(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw cgroupError('cannot look at the cgroup', path, error);
  }
}
