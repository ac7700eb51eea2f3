import path from 'node:path';
import type { CgroupKernel } from '../../lib/cgroup/kernel';
import { errorCode } from '../../lib/common/errors';
import type { NativeCgroup } from '../../lib/native';

/** An error as node:fs throws it. */
export function errnoError(code: string, text = 'made by the test'): Error {
  return Object.assign(new Error(`${code}: ${text}, write`), { code });
}

interface FakeMount {
  version: 1 | 2;
  controllers: string[];
}

/** Files of a new cgroup, for each controller. */
const FILES: Record<1 | 2, Record<string, Record<string, string>>> = {
  1: {
    memory: {
      'memory.limit_in_bytes': 'none',
      'memory.memsw.limit_in_bytes': 'none',
      'memory.max_usage_in_bytes': '4096\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
    },
    cpu: { 'cpu.shares': '1024\n', 'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n' },
    cpuacct: { 'cpuacct.usage': '2500000\n' },
    cpuset: {
      'cpuset.cpus': '\n',
      'cpuset.mems': '\n',
      'cpuset.effective_cpus': '\n',
      'cpuset.effective_mems': '\n',
    },
    pids: { 'pids.max': 'max\n', 'pids.peak': '1\n' },
  },
  2: {
    memory: {
      'memory.max': 'max\n',
      'memory.swap.max': 'max\n',
      'memory.peak': '8192\n',
      'memory.events': 'low 0\nhigh 0\nmax 9\noom 7\noom_kill 3\n',
    },
    cpu: { 'cpu.max': 'max 100000\n', 'cpu.weight': '100\n' },
    cpuset: {
      'cpuset.cpus': '\n',
      'cpuset.mems': '\n',
      'cpuset.cpus.effective': '0-3\n',
      'cpuset.mems.effective': '0\n',
    },
    pids: { 'pids.max': 'max\n', 'pids.peak': '1\n' },
  },
};

/** A kernel in memory that keeps the rules of cgroups(7) which lib/cgroup meets. */
export class FakeKernel implements CgroupKernel {
  readonly files = new Map<string, string>();
  readonly directories = new Set<string>();
  readonly writes: string[] = [];
  readonly killed: number[] = [];
  /** Directories (with all below) that this process may not write to. */
  readonly readOnly: string[] = [];
  /** What a write to a file, or a mkdir of a directory, fails with; by the end of its path. */
  readonly faults = new Map<string, string>();
  /** Processes that do not go when they are killed. */
  readonly immortal = new Set<number>();
  readonly #mounts = new Map<string, FakeMount>();

  /** Plain files, such as those of /proc. */
  addFiles(files: Record<string, string>): this {
    for (const [file, content] of Object.entries(files)) this.files.set(file, content);
    return this;
  }

  mount(mountPoint: string, version: 1 | 2, controllers: string[]): this {
    this.#mounts.set(mountPoint, { version, controllers });
    this.#populate(mountPoint, controllers);
    if (version === 2) {
      this.files.delete(`${mountPoint}/cgroup.type`);
      this.files.set(`${mountPoint}/cpuset.cpus.effective`, '0-3\n');
    }
    if (controllers.includes('cpuset') && version === 1) {
      this.addFiles({
        [`${mountPoint}/cpuset.effective_cpus`]: '0-3\n',
        [`${mountPoint}/cpuset.effective_mems`]: '0\n',
      });
    }
    return this;
  }

  /** A cgroup that is there already, with those above it; `pids` live in it. */
  cgroup(directory: string, pids: number[] = []): this {
    if (!this.directories.has(directory)) {
      this.cgroup(path.dirname(directory));
      this.mkdir(directory);
    }
    if (pids.length > 0) this.files.set(`${directory}/cgroup.procs`, pids.join('\n'));
    return this;
  }

  read(file: string): string {
    const content = this.files.get(file);
    if (content === undefined) throw errnoError('ENOENT');
    return content;
  }

  write(file: string, value: string): void {
    this.#fail(file);
    if (!this.files.has(file)) throw errnoError('ENOENT');
    if (!this.writable(file)) throw errnoError('EACCES');
    const directory = path.dirname(file);
    this.writes.push(`${file}=${value}`);
    switch (path.basename(file)) {
      case 'cgroup.procs':
        return this.#move(directory, Number(value));
      case 'cgroup.subtree_control':
        return this.#enable(
          directory,
          value.split(' ').map(word => word.slice(1)),
        );
      case 'cgroup.kill':
        return this.#below(directory).forEach(each => this.#pids(each).forEach(pid => this.kill(pid)));
      default:
        this.files.set(file, value);
    }
  }

  mkdir(directory: string): void {
    this.#fail(directory);
    const parent = path.dirname(directory);
    if (this.directories.has(directory)) throw errnoError('EEXIST');
    if (!this.directories.has(parent)) throw errnoError('ENOENT');
    if (!this.writable(parent)) throw errnoError('EACCES');
    const { version, controllers } = this.#mountOf(directory);
    this.#populate(directory, version === 1 ? controllers : this.#words(`${parent}/cgroup.subtree_control`));
  }

  /** As csrc/core/cgroup.c does it. */
  make(cgroups: NativeCgroup[]): boolean[] {
    return cgroups.map(({ path: directory, optional, settings }) => {
      if (!this.#try(directory, () => this.mkdir(directory), optional)) return false;
      for (const { file, value, optional: mayMiss = false } of settings) {
        const setting = `${directory}/${file}`;
        this.#try(setting, () => this.write(setting, value), mayMiss && 'ENOENT');
      }
      return true;
    });
  }

  rmdir(directory: string): void {
    if (!this.directories.has(directory)) throw errnoError('ENOENT');
    if (this.#below(directory).length > 1 || this.#pids(directory).length > 0) throw errnoError('EBUSY');
    this.directories.delete(directory);
    for (const file of this.files.keys()) if (path.dirname(file) === directory) this.files.delete(file);
  }

  subdirectories(directory: string): string[] {
    if (!this.directories.has(directory)) throw errnoError('ENOENT');
    return [...this.directories]
      .filter(each => path.dirname(each) === directory)
      .map(each => path.basename(each));
  }

  writable(file: string): boolean {
    return !this.readOnly.some(prefix => file === prefix || file.startsWith(`${prefix}/`));
  }

  isCgroup(directory: string): boolean {
    if (!this.directories.has(directory)) throw errnoError('ENOENT');
    return true;
  }

  kill(pid: number): void {
    this.killed.push(pid);
    if (this.immortal.has(pid)) return;
    for (const directory of this.directories) {
      const left = this.#pids(directory).filter(each => each !== pid);
      this.files.set(`${directory}/cgroup.procs`, left.join('\n'));
    }
  }

  /** False where it failed and may; else the error has its path, as the addon's have. */
  #try(file: string, act: () => void, mayFail: boolean | string): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (mayFail === true || mayFail === errorCode(error)) return false;
      throw Object.assign(error as Error, { path: file });
    }
  }

  #fail(file: string): void {
    for (const [suffix, code] of this.faults) if (file.endsWith(suffix)) throw errnoError(code);
  }

  #mountOf(directory: string): FakeMount {
    for (const [mountPoint, mount] of this.#mounts)
      if (`${directory}/`.startsWith(`${mountPoint}/`)) return mount;
    throw errnoError('EPERM', 'no cgroup mount');
  }

  #populate(directory: string, controllers: string[]): void {
    const { version } = this.#mountOf(directory);
    this.directories.add(directory);
    this.files.set(`${directory}/cgroup.procs`, '');
    if (version === 2) {
      this.addFiles({
        [`${directory}/cgroup.type`]: 'domain\n',
        [`${directory}/cgroup.controllers`]: `${controllers.join(' ')}\n`,
        [`${directory}/cgroup.subtree_control`]: '\n',
        [`${directory}/cgroup.kill`]: '',
        [`${directory}/cpu.stat`]: 'usage_usec 1234\nuser_usec 1000\n',
      });
    }
    this.#addControllers(directory, controllers);
  }

  #addControllers(directory: string, controllers: string[]): void {
    const { version } = this.#mountOf(directory);
    for (const controller of controllers) {
      for (const [file, content] of Object.entries(FILES[version][controller] ?? {})) {
        this.files.set(`${directory}/${file}`, content);
      }
    }
  }

  #enable(directory: string, controllers: string[]): void {
    const available = this.#words(`${directory}/cgroup.controllers`);
    if (!controllers.every(name => available.includes(name))) throw errnoError('ENOENT');
    if (this.files.has(`${directory}/cgroup.type`) && this.#pids(directory).length > 0)
      throw errnoError('EBUSY');
    const control = `${directory}/cgroup.subtree_control`;
    this.files.set(control, [...new Set([...this.#words(control), ...controllers])].join(' '));
    for (const name of this.subdirectories(directory)) {
      const child = `${directory}/${name}`;
      this.files.set(`${child}/cgroup.controllers`, this.read(control));
      this.#addControllers(child, controllers);
    }
  }

  #move(directory: string, pid: number): void {
    const { version } = this.#mountOf(directory);
    for (const other of this.directories) {
      if (this.#mountOf(other) !== this.#mountOf(directory) || !this.#pids(other).includes(pid)) continue;
      this.files.set(
        `${other}/cgroup.procs`,
        this.#pids(other)
          .filter(each => each !== pid)
          .join('\n'),
      );
    }
    if (version === 2 && this.#words(`${directory}/cgroup.subtree_control`).length > 0)
      throw errnoError('EBUSY');
    this.files.set(`${directory}/cgroup.procs`, [...this.#pids(directory), pid].join('\n'));
  }

  #below(directory: string): string[] {
    return [...this.directories].filter(each => `${each}/`.startsWith(`${directory}/`));
  }

  #pids(directory: string): number[] {
    return this.#words(`${directory}/cgroup.procs`).map(Number);
  }

  #words(file: string): string[] {
    return (this.files.get(file) ?? '').split(/\s+/).filter(word => word !== '');
  }
}
