/** skiff as root of podman's containers, of more and fewer rights: `doctor` says what `run` does. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { securityModules } from '../../lib/engine/security-modules';
import { describeIf } from '../helpers/conditions';
import { projectRoot, skiffProgram } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { isUser } from '../helpers/user-mode';

const TIMEOUT_MS = 60_000;
const has = (program: string) => spawnSync(program, ['--version']).error === undefined;

const describeHere = describeIf(
  !isUser && has('podman') && has('runc'),
  'there is no podman or runc, or this is a user: podman with runc wants cgroups of its own',
  'podman',
);

/** crun knows no hybrid cgroups. */
const WAY = ['--storage-driver', 'vfs', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
/** podman's own are above what a container of ours may have as its hard limits. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'];
const OPEN_PROC = ['--security-opt', 'unmask=ALL'];
/** Where the kernel has AppArmor, podman's profile forbids every mount. */
const NO_PROFILE = securityModules().apparmor ? ['--security-opt', 'apparmor=unconfined'] : [];
const NO_FILTER = ['--security-opt', 'seccomp=unconfined'];

/** Newer podman's own lets it. */
const FILTER = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['sethostname'], action: 'SCMP_ACT_ERRNO' }],
};

interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** podman's containers of this machine's programs. */
class Outer {
  private readonly place = tempDirectory();
  readonly filter = path.join(this.place.path, 'filter.json');
  private readonly rootfs = path.join(this.place.path, 'fs');
  private readonly volumes: string[];

  constructor() {
    fs.mkdirSync(this.rootfs);
    fs.writeFileSync(this.filter, JSON.stringify(FILTER));
    const top = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].filter(name =>
      fs.existsSync(`/${name}`),
    );
    // Where /usr has all of them, /bin and the like are links.
    const isLink = (name: string) => fs.lstatSync(`/${name}`).isSymbolicLink();
    for (const name of top.filter(isLink))
      fs.symlinkSync(fs.readlinkSync(`/${name}`), path.join(this.rootfs, name));
    const directories = top.filter(name => !isLink(name)).map(name => `/${name}`);
    const node = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
    this.volumes = [...new Set([...directories, node, projectRoot])].flatMap(directory => [
      '--volume',
      `${directory}:${directory}:ro`,
    ]);
  }

  skiff(flags: readonly string[], ...args: string[]): Answer {
    const env = [
      '--env',
      'SKIFF_ROOT=/run/root',
      '--env',
      `PATH=${path.dirname(process.execPath)}:/usr/bin:/bin`,
    ];
    const { status, stdout, stderr } = this.podman(
      ...['run', '--rm', '--network', 'none', ...LIMITS, ...NO_PROFILE, ...flags, ...this.volumes, ...env],
      ...['--rootfs', this.rootfs, skiffProgram, ...args],
    );
    return { code: status, stdout, stderr };
  }

  private podman(...args: string[]) {
    const places = [
      '--root',
      path.join(this.place.path, 'root'),
      '--runroot',
      path.join(this.place.path, 'run'),
    ];
    return spawnSync('podman', [...places, ...WAY, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS });
  }

  remove(): void {
    this.podman('system', 'reset', '--force');
    this.place.remove();
  }
}

describeHere('in a container of podman', () => {
  let outer: Outer;
  beforeAll(() => {
    outer = new Outer();
  });
  afterAll(() => outer.remove());

  test.each([
    ['of all rights', ['--privileged'], 'root with CAP_SYS_ADMIN'],
    ['of all capabilities', ['--cap-add', 'ALL'], 'root with CAP_SYS_ADMIN'],
    ['of one more capability', ['--cap-add', 'SYS_ADMIN', ...OPEN_PROC], 'uid 0, root of a user namespace'],
    ['without a filter', [...NO_FILTER, ...OPEN_PROC], 'uid 0, root of a user namespace'],
  ])(
    '%s containers run',
    (_, flags, user) => {
      const doctor = outer.skiff(flags, 'doctor');
      expect(doctor).toMatchObject({ code: 0, stderr: '' });
      expect(doctor.stdout).toMatch(new RegExp(`^user +ok +${user}`, 'm'));
      expect(doctor.stdout).toMatch(/^container +ok +one was run$/m);
      const script = 'id -u && chown 33 /tmp && ls -nd /tmp && cat /sys/class/net/lo/operstate';
      const ran = outer.skiff(flags, 'run', 'sh', '-c', script);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toMatch(/^0\n\S+ +\d+ 33 .*\nunknown\n$/);
    },
    TIMEOUT_MS,
  );

  test(
    "a filter's refusal is found by trying, and told with who it comes from",
    () => {
      const flags = [...OPEN_PROC, '--security-opt', `seccomp=${outer.filter}`];
      const reason = 'cannot start the container: hostname: sethostname: ';
      const ran = outer.skiff(flags, 'run', 'true');
      expect(ran.code).toBe(125);
      expect(ran.stderr).toContain(reason);
      const doctor = outer.skiff(flags, 'doctor');
      expect(doctor).toMatchObject({ code: 1, stderr: '' });
      expect(doctor.stdout).toMatch(/^namespaces +ok/m);
      expect(doctor.stdout).toMatch(
        new RegExp(`^container +missing +${reason}.* by the seccomp filter of the outer container\\)$`, 'm'),
      );
      expect(doctor.stdout).toMatch(/^container: .*seccomp=unconfined/m);
      expect(doctor.stdout).toMatch(/skiff run can not work here\.\n$/);
    },
    TIMEOUT_MS,
  );

  test(
    'a masked /proc is named before anything is tried',
    () => {
      const doctor = outer.skiff(NO_FILTER, 'doctor');
      expect(doctor.code).toBe(1);
      expect(doctor.stdout).toMatch(/^masked \/proc +missing +the outer container has something mounted on/m);
      expect(doctor.stdout).not.toMatch(/^container /m);
      expect(outer.skiff(NO_FILTER, 'run', 'true').code).toBe(125);
    },
    TIMEOUT_MS,
  );
});
