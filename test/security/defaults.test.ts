/** How a container is shut in by default, and what the options open: as seen from inside, and from /proc outside. */
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { isUser, itAsRoot, NO_DEVICES } from '../helpers/user-mode';
import { output, sh, statusField, useSkiff } from '../run/support';
import { until } from '../helpers/wait';
import type { StartOptions } from '../../lib/engine/options';
import { statusFields } from './support';

const skiff = useSkiff();

/** All that this process could hand on. */
const ALL_CAPABILITIES = statusField(process.pid, 'CapBnd')!;

const STATUS = 'grep -E "^(Cap|NoNew|Seccomp:|Groups)" /proc/self/status';

async function status(options: StartOptions = {}): Promise<Record<string, string>> {
  return statusFields(await output(skiff(), sh(STATUS), options));
}

describe('by default', () => {
  test("the command line has Docker's capabilities and a filter", async () => {
    const { stdout } = await run(['run', 'sh', '-c', STATUS]);
    expect(statusFields(stdout.toString())).toMatchObject({
      CapInh: '0000000000000000',
      CapPrm: '00000000a80425fb',
      CapEff: '00000000a80425fb',
      CapBnd: '00000000a80425fb',
      CapAmb: '0000000000000000',
      NoNewPrivs: '0',
      Seccomp: '2',
    });
  });

  test('another user has no capability, and the filter all the same', async () => {
    expect(await status({ user: '1000:1000' })).toMatchObject({
      CapPrm: '0000000000000000',
      CapEff: '0000000000000000',
      CapBnd: '00000000a80425fb',
      Seccomp: '2',
    });
  });

  test('from outside it is the same, also for what an init has started', async () => {
    await using container = await skiff().start(['cat'], { init: true });
    const children = () =>
      fs.readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8').trim();
    const child = await until('the command of the container', () => children() || undefined);
    expect(statusField(container.pid, 'Seccomp')).toBe('2');
    expect(statusField(Number(child), 'Seccomp')).toBe('2');
  });

  test('a pool has it', async () => {
    await using pool = await skiff().pool({ size: 1 });
    const { stdout } = await pool.run(sh(STATUS));
    expect(statusFields(stdout)).toMatchObject({ CapEff: '00000000a80425fb', Seccomp: '2' });
  });
});

describe('capabilities', () => {
  test.each<[string, StartOptions, string]>([
    ['one more', { capAdd: ['NET_ADMIN'] }, '00000000a80435fb'],
    ['with CAP_, in small letters', { capAdd: ['cap_net_admin'] }, '00000000a80435fb'],
    ['one less', { capDrop: ['CAP_MKNOD'] }, '00000000a00425fb'],
    ['all dropped', { capDrop: ['ALL'] }, '0000000000000000'],
    ['all dropped but one', { capDrop: ['all'], capAdd: ['KILL'] }, '0000000000000020'],
    ['all', { capAdd: ['ALL'] }, ALL_CAPABILITIES],
    ['privileged', { privileged: true }, ALL_CAPABILITIES],
  ])('%s', async (_, options, mask) => {
    expect(await status(options)).toMatchObject({ CapEff: mask, CapBnd: mask });
  });

  test('on the command line', async () => {
    const { stdout } = await run(['run', '--cap-drop', 'ALL', '--cap-add', 'CHOWN', 'sh', '-c', STATUS]);
    expect(statusFields(stdout.toString()).CapEff).toBe('0000000000000001');
  });
});

describe('no_new_privs', () => {
  test.each<[string, StartOptions, string]>([
    ['by its option', { noNewPrivileges: true }, '1'],
    ["by Docker's", { securityOpt: ['no-new-privileges'] }, '1'],
    ['with a value', { securityOpt: ['no-new-privileges:false'], noNewPrivileges: true }, '0'],
    ['for another user', { noNewPrivileges: true, user: '1000' }, '1'],
  ])('%s', async (_, options, wanted) => {
    expect(await status(options)).toMatchObject({ NoNewPrivs: wanted, Seccomp: '2' });
  });
});

describe('seccomp', () => {
  const directory = tempDirectory();
  afterAll(() => directory.remove());

  const profile = (content: unknown) => {
    const file = path.join(directory.path, 'profile.json');
    fs.writeFileSync(file, JSON.stringify(content));
    return { securityOpt: [`seccomp=${file}`] };
  };

  test('none where that is asked for', async () => {
    expect((await status({ securityOpt: ['seccomp=unconfined'] })).Seccomp).toBe('0');
    expect((await status({ privileged: true })).Seccomp).toBe('0');
    expect((await status({ securityOpt: ['seccomp=builtin'] })).Seccomp).toBe('2');
  });

  test('a file of the user, read anew at each start', async () => {
    const deny = (names: string[]) =>
      profile({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names, action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
      });
    const uname = sh('uname -r >/dev/null; mkdir /tmp/x');
    expect((await skiff().run(uname, deny(['mkdir']))).stderr).toContain('Permission denied');
    expect(await skiff().run(uname, deny(['uname']))).toMatchObject({ exitCode: 0 });
    expect(await skiff().run(uname, deny(['mkdir', 'mkdirat']))).toMatchObject({ exitCode: 1 });
  });

  test('with ALL capabilities what needs them is open', async () => {
    const unshare = ['unshare', '-m', 'true'];
    expect((await skiff().run(unshare, { capAdd: ['ALL'] })).exitCode).toBe(0);
    expect((await skiff().run(unshare)).exitCode).not.toBe(0);
  });

  test('a call that ends the process', async () => {
    const options = profile({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }],
    });
    const { stdout } = await skiff().run(sh('mkdir /tmp/x; echo $?'), options);
    expect(stdout).toBe('159\n');
  });
});

describe('devices', () => {
  const itWithDevices = itAsRoot(NO_DEVICES);
  const WRITE = 'mknod $1/node c 1 3 && echo >$1/node';

  test('those of the default list work, and nodes of the container do not, wherever it makes them', async () => {
    for (const name of ['null', 'zero', 'full', 'random', 'urandom']) {
      expect(await output(skiff(), sh(`head -c1 /dev/${name} | wc -c`))).toBe(name === 'null' ? '0' : '1');
    }
    for (const place of ['/', '/dev', '/tmp', '/dev/shm']) {
      const { stderr, exitCode } = await skiff().run(sh(WRITE, place));
      expect({ place, stderr, exitCode }).toMatchObject({ exitCode: 1 });
      expect(stderr).toContain(isUser ? 'Operation not permitted' : 'Permission denied');
    }
    if (!isUser) expect(await output(skiff(), sh(WRITE, '/tmp'), { privileged: true })).toBe('');
  });

  itWithDevices('nor in a tmpfs or a directory of the host, whatever its options', async () => {
    const directory = tempDirectory();
    try {
      const volumes = [`${directory.path}:/data`];
      expect((await skiff().run(sh(WRITE, '/data'), { volumes })).exitCode).toBe(1);
      expect((await skiff().run(sh(WRITE, '/t'), { tmpfs: ['/t:dev'] })).exitCode).toBe(1);
      fs.rmSync(path.join(directory.path, 'node'));
      expect((await skiff().run(sh(WRITE, '/data'), { volumes, privileged: true })).exitCode).toBe(0);
    } finally {
      directory.remove();
    }
  });

  test('/dev/null as a mask over a file works as a volume', async () => {
    const volumes = ['/dev/null:/etc/passwd'];
    expect(await output(skiff(), sh('cat /etc/passwd; echo >/etc/passwd'), { volumes })).toBe('');
  });

  test('one of the host, under its own name or another', async () => {
    const loop = sh('stat -c %t:%T /dev/loop-control && true </dev/loop-control');
    // Whose it is holds for a user too.
    if (!isUser) expect(await output(skiff(), loop, { devices: ['/dev/loop-control'] })).toBe('a:ed');
    expect((await skiff().run(loop)).exitCode).toBe(1);
    const devices = ['/dev/zero:/opt/deep/nothing'];
    expect(await output(skiff(), sh('head -c3 /opt/deep/nothing | wc -c'), { devices })).toBe('3');
    const { stdout } = await run([
      'run',
      '--device',
      '/dev/zero:/dev/nothing',
      'sh',
      '-c',
      'head -c3 /dev/nothing | wc -c',
    ]);
    expect(stdout.toString()).toBe('3\n');
  });

  itAsRoot('whether a device may be opened is for its owner and mode to say')(
    'one that may only be read, by its cgroup',
    async () => {
      const script = sh('true </dev/x && echo readable; true >/dev/x && echo writable');
      const given = (access: string) =>
        output(skiff(), script, { devices: [`/dev/loop-control:/dev/x${access}`] });
      expect(await given('')).toBe('readable\nwritable');
      const { stdout, stderr } = await skiff().run(script, { devices: ['/dev/loop-control:/dev/x:r'] });
      expect(stdout).toBe('readable\n');
      expect(stderr).toContain('Operation not permitted');
    },
  );

  test('who may mount gets no device by it', async () => {
    const script = sh('mount -t tmpfs none /mnt && mknod /mnt/mem c 1 11 && head -c0 /mnt/mem');
    const { exitCode, stderr } = await skiff().run(script, { capAdd: ['SYS_ADMIN'] });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    expect(stderr).toContain('Operation not permitted');
    expect((await skiff().run(script, { privileged: true })).exitCode).toBe(isUser ? 1 : 0);
  });

  itAsRoot('what is the host’s stays read-only, test/rootless/rootless.test.ts')(
    'privileged: all of the host, and /sys and /proc/sys can be written to',
    async () => {
      const listed = (await output(skiff(), ['ls', '/dev'], { privileged: true })).split('\n');
      expect(listed).toEqual(expect.arrayContaining(['kmsg', 'null', 'pts', 'shm']));
      const script =
        'test -w /sys/kernel/mm && cat /proc/sys/kernel/threads-max >/proc/sys/kernel/threads-max';
      expect((await skiff().run(sh(script), { privileged: true })).exitCode).toBe(0);
      expect((await skiff().run(sh(script))).exitCode).not.toBe(0);
    },
  );
});

test('groups, OOM score, size of /dev/shm', async () => {
  expect(await output(skiff(), ['id', '-G'], { groupAdd: ['4242', 'root'], user: '7:8' })).toBe('8 0 4242');
  expect(await output(skiff(), ['cat', '/proc/self/oom_score_adj'], { oomScoreAdj: 321 })).toBe('321');
  expect(await output(skiff(), sh('df -k /dev/shm | tail -1'), { shmSize: '8m' })).toMatch(/^\S+\s+8192 /);
  const { stdout } = await run([
    ...['run', '--group-add', '99', '--oom-score-adj', '5', '--shm-size', '1m', '--userns', 'host'],
    ...['sh', '-c', 'id -G; cat /proc/self/oom_score_adj; df -k /dev/shm | tail -1'],
  ]);
  expect(stdout.toString()).toMatch(/^0.* 99\n5\n\S+\s+1024 /);
});

itAsRoot('what the masks hide can be read only by root of the host')(
  '/proc and /sys without masks',
  async () => {
    const script = sh('wc -c </proc/timer_list; touch /proc/sys/kernel/threads-max');
    expect((await skiff().run(script)).stdout).toBe('0\n');
    const open = await skiff().run(script, { securityOpt: ['systempaths=unconfined'] });
    expect(Number(open.stdout)).toBeGreaterThan(0);
  },
);

test.each<[string[], number, string]>([
  [['--cap-add', 'NOPE'], 125, 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
  [['--cap-drop', ''], 125, 'invalid CapDrop: unknown capability: "CAP_"'],
  [['--security-opt', 'nothing'], 125, 'invalid --security-opt: "nothing"'],
  [['--security-opt', 'no-new-privileges:perhaps'], 125, 'invalid --security-opt'],
  [['--security-opt', 'seccomp=/no/such/file'], 125, 'opening seccomp profile failed: /no/such/file'],
  [['--security-opt', 'apparmor=some-profile'], 125, 'cannot set the AppArmor profile: some-profile'],
  [['--device', '/dev/no-such-device'], 125, 'error gathering device information while adding custom device'],
  [['--device', '/etc/passwd'], 125, 'not a device node'],
  [['--device', '/dev/null:/dev/null:x'], 125, 'invalid device mode: x'],
  [['--group-add', 'no-such-group'], 125, 'unable to find group no-such-group'],
  [['--oom-score-adj', '1001'], 125, 'Invalid value 1001, range for oom score adj is [-1000, 1000]'],
  [['--shm-size', 'x'], 125, 'invalid size'],
  [['--userns', 'private'], 125, 'invalid USER mode: private'],
])('run %j is refused', async (flags, code, reason) => {
  const result = await run(['run', ...flags, 'true']);
  expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code });
  expect(result.stderr).toContain(reason);
});
