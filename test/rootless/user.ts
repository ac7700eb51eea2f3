/** Somebody without privileges, whose account and subordinate ids are seen in mount namespaces of the tests' own only. */
import { spawnSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { isRootless } from '../../lib/common/rootless';
import { projectRoot, skiffProgram } from '../helpers/run';
import { slowness } from '../helpers/slowness';
import { tempDirectory } from '../helpers/temp';
import { until } from '../helpers/wait';

const TIMEOUT_MS = 30_000 * slowness;

/** Ids of the host that nobody else has. */
export const UID = 64_997;
export const FIRST_SUBORDINATE = 2_000_000;
const SUBORDINATES = 65_536;

/** Mount the files of `$1` over those of /etc, and become the user. */
const BECOME = `set -e
for name in passwd group subuid subgid; do mount --bind "$1/$name" "/etc/$name"; done
test -z "$2" || mount --bind /bin/false /usr/bin/newuidmap
test -z "$3" || echo 0 >"$3/cgroup.procs"
test -z "$4" || mount --bind "$4" /dev/fuse
shift 4
exec setpriv --reuid=${UID} --regid=${UID} --clear-groups "$@"`;

/** There is what shows ids shifted without root: fuse-overlayfs(1) and its device. */
export const canShift =
  ['/usr/bin', '/usr/local/bin', '/bin'].some(name => fs.existsSync(`${name}/fuse-overlayfs`)) &&
  fs.existsSync('/dev/fuse');

export interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Why the tests can not be run here; undefined where they can. */
export function whyNot(): string | undefined {
  if (process.geteuid?.() !== 0 || isRootless()) return 'another user can be taken by root only';
  const missing = ['setpriv', 'unshare', 'newuidmap'].find(name => spawnSync(name, ['--help']).error);
  if (missing !== undefined) return `there is no ${missing}`;
  const isOpen = (directory: string) => (fs.statSync(directory).mode & 0o005) === 0o005;
  const closed = parentsOf(projectRoot).find(directory => !isOpen(directory));
  return closed === undefined ? undefined : `${closed} is closed to other users`;
}

function parentsOf(directory: string): string[] {
  return directory === '/' ? ['/'] : [directory, ...parentsOf(path.dirname(directory))];
}

/** The user with a home and a runtime directory; {@link remove} ends what keeps the namespaces. */
export class User {
  private readonly directory = tempDirectory();
  readonly home = path.join(this.directory.path, 'home');
  readonly runtime = path.join(this.directory.path, 'run');
  private readonly etc = path.join(this.directory.path, 'etc');

  /**
   * @param subordinates whether there are ids for others than root in containers
   * @param options.brokenHelper newuidmap(1) fails
   * @param options.cgroup called for each program: directory of the cgroup that it starts in
   * @param options.fuse mode of the user's /dev/fuse; the machine's where not given
   */
  constructor(
    subordinates: boolean,
    private readonly options: { brokenHelper?: boolean; cgroup?: () => string; fuse?: number } = {},
  ) {
    fs.chmodSync(path.dirname(this.directory.path), 0o755);
    fs.chmodSync(this.directory.path, 0o755);
    fs.mkdirSync(this.etc);
    for (const owned of [this.home, this.runtime]) {
      fs.mkdirSync(owned, { mode: 0o700 });
      fs.chownSync(owned, UID, UID);
    }
    const ranges = subordinates ? `somebody:${FIRST_SUBORDINATE}:${SUBORDINATES}\n` : '';
    this.write('passwd', `root:x:0:0::/root:/bin/sh\nsomebody:x:${UID}:${UID}::${this.home}:/bin/sh\n`);
    this.write('group', `root:x:0:\nsomebody:x:${UID}:\n`);
    this.write('subuid', ranges);
    this.write('subgid', ranges);
    if (options.fuse !== undefined) this.makeFuse(options.fuse);
  }

  private get fuse(): string {
    return path.join(this.directory.path, 'fuse');
  }

  private makeFuse(mode: number): void {
    spawnSync('mknod', [this.fuse, 'c', '10', '229']);
    fs.chmodSync(this.fuse, mode);
  }

  private write(name: string, text: string): void {
    fs.writeFileSync(path.join(this.etc, name), text);
  }

  /** A program as the user, to its end. */
  async program(args: readonly string[], env: Record<string, string> = {}): Promise<Answer> {
    const broken = this.options.brokenHelper ? 'broken' : '';
    const fuse = this.options.fuse === undefined ? '' : this.fuse;
    const settings = [this.etc, broken, this.options.cgroup?.() ?? '', fuse];
    const child = spawn('unshare', ['-m', 'sh', '-c', BECOME, 'sh', ...settings, ...args], {
      cwd: this.home,
      env: {
        PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: this.home,
        XDG_RUNTIME_DIR: this.runtime,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const answer: Answer = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => (answer.stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (answer.stderr += text.toString()));
    [answer.code] = (await once(child, 'close')) as [number | null];
    return answer;
  }

  /** `skiff ARGS...` as the user. */
  skiff(...args: string[]): Promise<Answer> {
    return this.program([skiffProgram, ...args]);
  }

  /** What `skiff ARGS...` wrote; the test fails where it failed. */
  async output(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.skiff(...args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout.trimEnd();
  }

  /** Pid of the process that keeps the namespaces. */
  keeper(): number {
    const record = path.join(this.runtime, 'skiff', 'namespaces.json');
    return (JSON.parse(fs.readFileSync(record, 'utf8')) as { process: { pid: number } }).process.pid;
  }

  async endKeeper(): Promise<void> {
    const pid = this.keeper();
    process.kill(pid, 'SIGKILL');
    await until('the end of what keeps the namespaces', () => !isThere(pid));
  }

  async remove(): Promise<void> {
    await this.endKeeper();
    this.removeFiles();
  }

  removeFiles(): void {
    this.directory.remove();
  }
}

/** It is no zombie either: it is nobody's child any more, and who adopts it reaps it. */
function isThere(pid: number): boolean {
  return fs.existsSync(`/proc/${pid}`);
}
