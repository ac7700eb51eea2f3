/**
 * A running container as the host sees it: its namespaces by /proc/PID/ns, its mounts by mountinfo, its files through
 * /proc/PID/root.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import type { Container } from '../../lib/engine/options';
import { namespaceOf, output, readProc, sh, statusField, useSkiff, waiting } from './support';
import { DEVICE_OWNER, itAsRoot, NO_HOST_ROOT } from '../helpers/user-mode';

const skiff = useSkiff();

/** Mount points of every container; those below /proc and /sys hide or close what tells of the host. */
const MOUNTS = ['/', '/proc', '/sys', '/dev', '/dev/pts', '/dev/mqueue', '/dev/shm'];
/** Each a mount of its own: all around them no device can be opened. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map(name => `/dev/${name}`);

test('the record tells which process is its init, and when that was started', async () => {
  // In some the clock's tick ends during the clone.
  for (let start = 0; start < 20; start += 1) {
    await using container = await waiting(skiff());
    const file = `${skiff().root}/containers/${container.id}/state.json`;
    const { started } = JSON.parse(fs.readFileSync(file, 'utf8')) as { started: string };
    const stat = readProc(container.pid, 'stat');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    expect(started.trimEnd()).toBe(`${container.pid} ${startTime}.`);
  }
});

describe('from outside', () => {
  let container: Container;

  beforeAll(async () => {
    container = await waiting(skiff());
  });
  afterAll(() => container.remove());

  const inside = (path: string) => `/proc/${container.pid}/root${path}`;

  test.each(['uts', 'pid', 'mnt', 'net', 'ipc'])('a %s namespace of its own', name => {
    expect(namespaceOf(container.pid, name)).toMatch(/^\w+:\[\d+\]$/);
    expect(namespaceOf(container.pid, name)).not.toBe(namespaceOf('self', name));
  });

  test('the user namespace of the host: root in it is root', () =>
    expect(namespaceOf(container.pid, 'user')).toBe(namespaceOf('self', 'user')));

  test('PID 1 of its namespace, leader of its session and group', () => {
    expect(statusField(container.pid, 'NSpid')).toBe(`${container.pid}\t1`);
    expect(statusField(container.pid, 'NSsid')).toBe(`${container.pid}\t1`);
    expect(statusField(container.pid, 'NSpgid')).toBe(`${container.pid}\t1`);
  });

  test('no terminal without -t', () => {
    const fields = readProc(container.pid, 'stat').split(') ')[1]!.split(' ');
    expect(fields[4]).toBe('0');
  });

  describe('mounts', () => {
    const table = () =>
      readProc(container.pid, 'mountinfo')
        .trim()
        .split('\n')
        .map(line => {
          const [before, after] = line.split(' - ') as [string, string];
          const [, , , , point, options, ...propagation] = before.split(' ');
          return { point: point!, options: options!.split(','), propagation, type: after.split(' ')[0] };
        });

    test('only its own', () => {
      const points = table().map(({ point }) => point);
      expect(points.filter(point => !/^\/(proc|sys)\/./.test(point)).sort()).toEqual(
        [...MOUNTS, ...DEVICES].sort(),
      );
      expect(points.filter(point => /^\/(proc|sys)\/./.test(point))).toContain('/proc/sys');
    });

    test('private: nothing goes to the host or comes from it', () =>
      expect(table().filter(({ propagation }) => propagation.length > 0)).toEqual([]));

    test('/sys can not be written to', () => {
      expect(table().find(({ point }) => point === '/sys')).toMatchObject({ type: 'sysfs' });
      expect(table().find(({ point }) => point === '/sys')!.options).toContain('ro');
    });

    test('/proc: its own, its parts that change the host are closed', () => {
      expect(fs.readFileSync(inside('/proc/1/cmdline'), 'utf8')).toBe('cat\0');
      for (const part of ['/proc/sys', '/proc/irq', '/proc/bus', '/proc/fs']) {
        const mount = table().find(({ point }) => point === part);
        expect({ part, closed: mount?.options.includes('ro') }).toEqual({ part, closed: true });
      }
    });

    test('the host has no mount of it but its root', () => {
      const host = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
      const points = host.map(line => line.split(' ')[4]!).filter(point => point?.includes(container.id));
      // In the directory of the container, so that its files can be looked at.
      expect(points).toEqual([`${skiff().root}/containers/${container.id}/mnt`]);
    });
  });

  describe('/dev', () => {
    test.each([
      ['null', 1, 3],
      ['zero', 1, 5],
      ['full', 1, 7],
      ['random', 1, 8],
      ['urandom', 1, 9],
      ['tty', 5, 0],
    ])('%s: %i:%i, for everybody', (name, major, minor) => {
      const { mode, rdev, uid, gid } = fs.statSync(inside(`/dev/${name}`));
      // Both numbers are below 256: rdev is major * 256 + minor, makedev(3).
      expect({ mode: mode.toString(8), rdev, uid, gid }).toEqual({
        mode: '20666',
        rdev: major * 256 + minor,
        ...DEVICE_OWNER,
      });
    });

    test.each([
      ['fd', '/proc/self/fd'],
      ['stdin', '/proc/self/fd/0'],
      ['stdout', '/proc/self/fd/1'],
      ['stderr', '/proc/self/fd/2'],
      ['ptmx', 'pts/ptmx'],
    ])('%s leads to %s', (name, target) => expect(fs.readlinkSync(inside(`/dev/${name}`))).toBe(target));

    test('nothing else', () =>
      expect(fs.readdirSync(inside('/dev')).sort()).toEqual(
        'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' '),
      ));

    test.each([
      ['shm', 'tmpfs', 0o1777],
      ['mqueue', 'mqueue', 0o1777],
    ])('%s: a file system of its own, empty, for everybody', (name, type, mode) => {
      const mounted = readProc(container.pid, 'mountinfo').split('\n');
      expect(mounted.find(line => line.includes(` /dev/${name} `))).toContain(` - ${type} `);
      expect(fs.readdirSync(inside(`/dev/${name}`))).toEqual([]);
      expect(fs.statSync(inside(`/dev/${name}`)).mode & 0o7777).toBe(mode);
      expect(fs.statSync(inside(`/dev/${name}`)).dev).not.toBe(
        fs.statSync(`/dev/${name}`, { throwIfNoEntry: false })?.dev,
      );
    });

    test('pts: its own, with a ptmx for everybody', () => {
      expect(fs.readdirSync(inside('/dev/pts'))).toEqual(['ptmx']);
      expect(fs.statSync(inside('/dev/pts/ptmx')).mode & 0o777).toBe(0o666);
    });
  });

  test('the host sees what it writes in its mount point and write layer, not in the image', async () => {
    const directory = `${skiff().root}/containers/${container.id}`;
    fs.writeFileSync(inside('/tmp/test.txt'), 'from inside');
    expect(fs.readFileSync(`${directory}/mnt/tmp/test.txt`, 'utf8')).toBe('from inside');
    expect(fs.existsSync(`${skiff().root}/containers/${container.id}/writeLayer`)).toBe(true);
    const layers = `${skiff().root}/images/layers`;
    for (const layer of fs.readdirSync(layers)) expect(fs.readdirSync(`${layers}/${layer}/tmp`)).toEqual([]);
  });
});

describe('from inside', () => {
  test('the host name is the short id, unless another is asked for', async () => {
    const { id, stdout } = await skiff().run(['hostname']);
    expect(stdout).toBe(`${id.slice(0, 12)}\n`);
    expect(await output(skiff(), ['hostname'], { hostname: 'web-1.example' })).toBe('web-1.example');
  });

  test('only lo, and it is up', async () => {
    const interfaces = await output(
      skiff(),
      sh('ls /sys/class/net; cat /proc/net/dev; ping -c 1 -W 2 127.0.0.1'),
    );
    expect(interfaces.split('\n')[0]).toBe('lo');
    expect(interfaces.match(/^ *\w+:/gm)!.map(name => name.trim())).toEqual(['lo:']);
    expect(interfaces).toMatch(/1 packets received/);
  });

  test("the host's interfaces with the host's network", async () => {
    const theirs = await output(skiff(), ['ls', '/proc/self/ns/net', '-l'], { network: 'host' });
    expect(theirs).toContain(fs.readlinkSync('/proc/self/ns/net'));
  });

  test('ps shows the command and itself', async () => {
    const processes = (await output(skiff(), sh('ps -o pid,args; :'))).split('\n').slice(1);
    expect(processes.map(line => line.trim().split(/\s+/)[0])).toEqual(['1', '2']);
  });

  test('what must not be changed or seen', async () => {
    const script = `
      for file in /sys/kernel/uevent_helper /proc/sys/kernel/panic; do
        (echo 0 > $file) 2>&1 | sed 's/.*: //'
      done
      wc -c < /proc/timer_list; wc -c < /proc/keys; ls /sys/firmware | wc -l`;
    const told = (await output(skiff(), sh(script))).split('\n').map(line => line.trim());
    expect(told).toEqual([...Array<string>(2).fill('Read-only file system'), '0', '0', '0']);
  });

  test('a private System V IPC namespace', async () => {
    const made = execFileSync('ipcmk', ['-Q'], { encoding: 'utf8' });
    const id = /\d+/.exec(made)![0];
    try {
      // The host's queue: a line below the heading, and none in the container.
      expect(fs.readFileSync('/proc/sysvipc/msg', 'utf8').trim().split('\n').length).toBeGreaterThan(1);
      expect((await output(skiff(), ['cat', '/proc/sysvipc/msg'])).split('\n').length).toBe(1);
    } finally {
      execFileSync('ipcrm', ['-q', id]);
    }
  });

  test('a read-only root: its mounts stay writable, its working directory is made', async () => {
    const script = `
      (echo > /x) 2>&1; (mkdir /tmp/x) 2>&1
      echo > /dev/shm/x && echo > /dev/null && echo > /scratch/x && pwd`;
    const options = { readOnly: true, tmpfs: ['/scratch'], cwd: '/made/for/it' };
    const told = await output(skiff(), sh(script), options);
    expect(told.split('\n').map(line => line.replace(/^.*: /, ''))).toEqual([
      'Read-only file system',
      'Read-only file system',
      '/made/for/it',
    ]);
  });

  test("tmpfs: Docker's flags, and options that overrule them", async () => {
    const tmpfs = ['/a', '/b/new:size=65536k,mode=700,exec', '/tmp:ro'];
    const mounts = await output(skiff(), sh("grep -E ' /(a|b/new|tmp) ' /proc/mounts; stat -c %a /b/new"), {
      tmpfs,
    });
    const options = Object.fromEntries(
      mounts.split('\n').map(line => [line.split(' ')[1], line.split(' ')[3]?.split(',')]),
    );
    expect(options['/a']).toEqual(expect.arrayContaining(['rw', 'nosuid', 'nodev', 'noexec']));
    expect(options['/b/new']).toEqual(expect.arrayContaining(['rw', 'nosuid', 'nodev', 'size=65536k']));
    expect(options['/b/new']).not.toContain('noexec');
    expect(options['/tmp']).toContain('ro');
    expect(mounts).toMatch(/^700$/m);
  });

  test('kernel parameters of its own, which the host does not get', async () => {
    const before = fs.readFileSync('/proc/sys/kernel/shmmni', 'utf8');
    const sysctls = { 'kernel.shmmni': '77', 'net.ipv4.ip_default_ttl': '33' };
    const script = 'cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_default_ttl';
    expect(await output(skiff(), sh(script), { sysctls })).toBe('77\n33');
    expect(fs.readFileSync('/proc/sys/kernel/shmmni', 'utf8')).toBe(before);
  });

  itAsRoot(NO_HOST_ROOT)(
    'a directory of the host as root: without its sub-mounts, and nothing is written to it',
    async () => {
      const script = 'touch /marker && ls /proc/1/cmdline && rm /etc/hostname; ls /marker';
      const host = fs.existsSync('/etc/hostname');
      expect(await output(skiff(), sh(script), { rootfs: '/' })).toBe('/proc/1/cmdline\n/marker');
      expect(fs.existsSync('/marker')).toBe(false);
      expect(fs.existsSync('/etc/hostname')).toBe(host);
      expect(await output(skiff(), [process.execPath, '-v'], { rootfs: '/' })).toBe(process.version);
    },
  );
});
