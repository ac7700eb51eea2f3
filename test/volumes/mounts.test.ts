/** Volumes and mounts in containers: what is seen inside, what lies on the host, what is left afterwards. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { MountRequest } from '../../lib';
import { Skiff } from '../../lib/engine';
import type { RunOptions } from '../../lib/engine/options';
import { tempRoot } from '../helpers/temp';
import { output, readProc, sh, waiting } from '../run/support';
import { cliOn, dataOf, entriesOf, makeRootfs, removeContainers, told } from './support';

let root: string;
let skiff: Skiff;
let host: string;

beforeEach(async () => {
  root = tempRoot();
  host = tempRoot();
  skiff = await Skiff.open({ root });
});

afterEach(async () => {
  await skiff.close();
  await removeContainers(root);
});

const at = (...names: string[]) => path.join(host, ...names);
const ask = (script: string, options: RunOptions) => output(skiff, sh(script), options);
const refused = (options: RunOptions) => expect(skiff.run(['true'], options)).rejects;

describe('volumes', () => {
  test('a named one is made, kept, and shared', async () => {
    await ask('echo first > /a/file', { volumes: ['data:/a'] });
    expect(await ask('cat /b/file; echo second >> /b/file', { volumes: ['data:/b'] })).toBe('first');
    expect(fs.readFileSync(dataOf(root, 'data', 'file'), 'utf8')).toBe('first\nsecond\n');
  });

  test('read-only', async () => {
    const { exitCode, stderr } = await skiff.run(['touch', '/a/x'], { volumes: ['data:/a:ro'] });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('Read-only') as string,
    });
  });

  test('at two places of one container', async () => {
    expect(await ask('echo x > /a/f; cat /b/f', { volumes: ['data:/a', 'data:/b:ro'] })).toBe('x');
  });

  test('an anonymous one goes with its container', async () => {
    const container = await waiting(skiff, { stdin: 'pipe', volumes: ['/data'] });
    const names = entriesOf(root).filter(name => !name.startsWith('.'));
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(await skiff.inspect(container.id)).toMatchObject({
      mounts: [{ type: 'volume', name: names[0], destination: '/data', readOnly: false, anonymous: true }],
    });
    await container.remove();
    expect(entriesOf(root)).toEqual([]);
  });

  test('of a kept container it stays, until rm -v', async () => {
    const cli = cliOn(root);
    await told(cli('run', '--keep', '--name', 'one', '-v', '/data', '-v', 'named:/n', 'true'));
    await told(cli('run', '--keep', '--name', 'two', '-v', '/data', 'true'));
    expect(entriesOf(root)).toHaveLength(3);
    await told(cli('rm', 'two'));
    expect(entriesOf(root)).toHaveLength(3);
    await told(cli('rm', '-v', 'one'));
    expect(entriesOf(root)).toHaveLength(2);
    expect(entriesOf(root)).toContain('named');
  });

  test('a start that fails leaves no anonymous one', async () => {
    fs.writeFileSync(at('file'), '');
    await refused({ volumes: ['/data', `${at('file')}:/etc`] }).toMatchObject({ step: 'bind' });
    await refused({ volumes: ['/data'], user: 'nobody-of-that-name' }).toMatchObject({ name: 'SkiffError' });
    expect(entriesOf(root)).toEqual([]);
  });

  test('in a pool each container has its own, and a named one is shared', async () => {
    const pool = await skiff.pool({ size: 2, volumes: ['/own', 'shared:/shared'] });
    const script = 'ls /own; echo > /own/x; echo >> /shared/lines';
    const runs = await Promise.all(Array.from({ length: 6 }, () => pool.run(sh(script))));
    expect(runs.map(({ stdout, stderr }) => stdout + stderr)).toEqual(Array(6).fill(''));
    await pool.close();
    expect(fs.readFileSync(dataOf(root, 'shared', 'lines'), 'utf8')).toBe('\n'.repeat(6));
    expect(entriesOf(root)).toEqual(['shared']);
  });
});

describe('copy-up', () => {
  let rootfs: string;

  beforeEach(() => {
    rootfs = makeRootfs(at('rootfs'));
    const from = path.join(rootfs, 'srv');
    fs.mkdirSync(path.join(from, 'sub'), { recursive: true });
    fs.writeFileSync(path.join(from, 'file'), 'of the image\n', { mode: 0o640 });
    fs.chownSync(path.join(from, 'file'), 12, 34);
    fs.linkSync(path.join(from, 'file'), path.join(from, 'sub', 'same'));
    fs.symlinkSync('/nowhere', path.join(from, 'link'));
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', path.join(from, 'file')]);
    execFileSync('mkfifo', [path.join(from, 'fifo')]);
    fs.utimesSync(path.join(from, 'file'), 1_000, 1_000);
    fs.chownSync(from, 56, 78);
    fs.chmodSync(from, 0o1770);
  });

  test('what the image has, with all that belongs to it', async () => {
    await ask('true', { rootfs, volumes: ['data:/srv'] });
    expect(fs.readdirSync(dataOf(root, 'data')).sort()).toEqual(['fifo', 'file', 'link', 'sub']);
    const file = fs.statSync(dataOf(root, 'data', 'file'));
    expect(file).toMatchObject({ uid: 12, gid: 34, nlink: 2, mtimeMs: 1_000_000 });
    expect(file.mode & 0o7777).toBe(0o640);
    expect(fs.statSync(dataOf(root, 'data', 'sub', 'same')).ino).toBe(file.ino);
    expect(fs.readlinkSync(dataOf(root, 'data', 'link'))).toBe('/nowhere');
    expect(fs.statSync(dataOf(root, 'data', 'fifo')).isFIFO()).toBe(true);
    const note = ['--only-values', '-n', 'user.note', '--absolute-names', dataOf(root, 'data', 'file')];
    expect(`${execFileSync('getfattr', note)}`).toBe('kept');
    const top = fs.statSync(dataOf(root, 'data'));
    expect(top).toMatchObject({ uid: 56, gid: 78 });
    expect(top.mode & 0o7777).toBe(0o1770);
    expect(entriesOf(root)).toEqual(['data']);
  });

  test('into an anonymous one, and a read-only one', async () => {
    expect(await ask('cat /srv/file', { rootfs, volumes: ['/srv'] })).toBe('of the image');
    expect(await ask('cat /srv/file', { rootfs, volumes: ['data:/srv:ro'] })).toBe('of the image');
  });

  test('not into one that holds something, nor with nocopy, nor where the image has a file', async () => {
    await ask('rm -r /srv/*; touch /srv/mine', { rootfs, volumes: ['data:/srv'] });
    expect(await ask('ls /srv', { rootfs, volumes: ['data:/srv'] })).toBe('mine');
    expect(await ask('ls /srv', { rootfs, volumes: ['new:/srv:nocopy'] })).toBe('');
    const mounts: MountRequest[] = [{ source: 'other', target: '/srv', noCopy: true }];
    expect(await ask('ls /srv', { rootfs, mounts })).toBe('');
    expect(await ask('ls /srv', { rootfs, volumes: ['new:/srv'] })).not.toBe('');
    await refused({ rootfs, volumes: ['file:/etc/passwd'] }).toMatchObject({ code: 'ENOTDIR' });
    expect(fs.readdirSync(dataOf(root, 'file'))).toEqual([]);
  });

  test('behind a link of the image: what is there inside', async () => {
    fs.symlinkSync('../../srv', path.join(rootfs, 'to'));
    expect(await ask('cat /to/file', { rootfs, volumes: ['data:/to'] })).toBe('of the image');
    fs.symlinkSync('/proc/self/root/etc', path.join(rootfs, 'out'));
    await refused({ rootfs, volumes: ['empty:/out'] }).toMatchObject({ code: 'ELOOP', step: 'bind' });
    expect(fs.readdirSync(dataOf(root, 'empty'))).toEqual([]);
  });

  test('ten containers at once, each its first: copied once, whole', async () => {
    for (let index = 0; index < 300; index += 1) {
      fs.writeFileSync(path.join(rootfs, 'srv', 'sub', `file-${index}`), `${index}\n`);
    }
    const script = 'ls /srv/sub | wc -l; cat /srv/file';
    const runs = Array.from({ length: 10 }, () => ask(script, { rootfs, volumes: ['data:/srv'] }));
    expect(await Promise.all(runs)).toEqual(Array(10).fill('301\nof the image'));
    expect(entriesOf(root)).toEqual(['data']);
  });

  test('in every storage driver that this machine has', async () => {
    for (const storageDriver of ['overlay', 'aufs', 'vfs']) {
      const other = await Skiff.open({ root, storageDriver }).catch(() => undefined);
      if (!other) continue;
      const volumes = [`${storageDriver}-data:/srv`];
      expect(await output(other, ['cat', '/srv/sub/same'], { rootfs, volumes })).toBe('of the image');
      await other.close();
    }
    expect(entriesOf(root)).toContain('vfs-data');
  });

  test('a full disk: an error, nothing half, and whole once there is room', async () => {
    const small = at('small');
    fs.mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'skiff-small', small]);
    try {
      fs.writeFileSync(path.join(rootfs, 'srv', 'big'), Buffer.alloc(4 << 20, 1));
      fs.writeFileSync(path.join(small, 'ballast'), Buffer.alloc(9 << 20, 1));
      await using full = await Skiff.open({ root: small, storageDriver: 'overlay' });
      const start = () => full.run(['cat', '/srv/file'], { rootfs, volumes: ['data:/srv'] });
      await expect(start()).rejects.toMatchObject({ code: 'ENOSPC', step: 'copy-up' });
      expect(fs.readdirSync(dataOf(small, 'data'))).toEqual([]);
      expect(entriesOf(small)).toEqual(['data']);
      fs.rmSync(path.join(small, 'ballast'));
      expect(await start()).toMatchObject({ exitCode: 0, stdout: 'of the image\n' });
      expect(fs.statSync(dataOf(small, 'data', 'big')).size).toBe(4 << 20);
    } finally {
      execFileSync('umount', [small]);
    }
  });
});

describe('mounts', () => {
  test('a bind, read-only', async () => {
    fs.writeFileSync(at('file,with "quotes"'), 'text\n');
    const mounts: MountRequest[] = [
      { type: 'bind', source: at('file,with "quotes"'), target: '/f', readOnly: true },
    ];
    expect(await ask('cat /f; echo x > /f || echo no', { mounts }).catch(String)).toBeDefined();
    const cli = cliOn(root);
    const flag = `type=bind,"src=${at('file,with ""quotes""')}",dst=/f,ro`;
    expect(await told(cli('run', '--mount', flag, 'cat', '/f'))).toBe('text');
  });

  test('a missing source: made for -v, an error for --mount', async () => {
    const before = process.umask(0o077);
    try {
      await ask('true', { volumes: [`${at('a', 'b')}:/x`] });
    } finally {
      process.umask(before);
    }
    for (const names of [['a'], ['a', 'b']]) expect(fs.statSync(at(...names)).mode & 0o7777).toBe(0o755);
    await refused({ mounts: [{ type: 'bind', source: at('no'), target: '/x' }] }).toMatchObject({
      code: 'ENOENT',
      message: `invalid mount config for type "bind": bind source path does not exist: ${at('no')}`,
    });
    expect(fs.existsSync(at('no'))).toBe(false);
    fs.symlinkSync(at('nowhere'), at('dangling'));
    await refused({ volumes: [`${at('dangling')}:/x`] }).toMatchObject({
      message: `error while creating mount source path '${at('dangling')}': mkdir ${at('dangling')}: file exists`,
    });
    expect(fs.existsSync(at('nowhere'))).toBe(false);
  });

  test('a tmpfs with its size and mode', async () => {
    const mounts: MountRequest[] = [{ type: 'tmpfs', target: '/t', size: '2m', mode: 0o1700 }];
    expect(await ask('grep " /t " /proc/mounts; stat -c %a /t', { mounts })).toMatch(
      /^tmpfs \/t tmpfs rw,nosuid,nodev,noexec,relatime,size=2048k,mode=1700[^\n]*\n1700$/,
    );
  });

  test('a path in a volume; a link in it leads nowhere else', async () => {
    await ask('mkdir -p /d/sub; echo in > /d/sub/file; ln -s /etc /d/out; ln -s sub /d/in', {
      volumes: ['data:/d'],
    });
    const within = (subpath: string): RunOptions => ({ mounts: [{ source: 'data', target: '/x', subpath }] });
    expect(await ask('cat /x/file', within('sub'))).toBe('in');
    expect(await ask('cat /x/file', within('in'))).toBe('in');
    expect(await ask('cat /x', within('sub/file'))).toBe('in');
    for (const subpath of ['out', '../../../../../../etc', 'no']) {
      await refused(within(subpath)).toMatchObject({ code: 'ENOENT', step: 'bind-source' });
    }
    await refused(within('/etc')).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test.each<[RunOptions, string]>([
    [{ mounts: [{ target: '' }] }, 'field Target must not be empty'],
    [{ mounts: [{ target: 'x' }] }, "invalid mount path: 'x' mount path must be absolute"],
    [{ mounts: [{ target: '/' }] }, "destination can't be '/'"],
    [{ mounts: [{ type: 'bind', target: '/x' }] }, 'field Source must not be empty'],
    [{ mounts: [{ type: 'bind', source: 'x', target: '/x' }] }, 'mount path must be absolute'],
    [{ mounts: [{ type: 'tmpfs', source: 'x', target: '/x' }] }, 'field Source must not be specified'],
    [
      { mounts: [{ type: 'tmpfs', target: '/x', noCopy: true }] },
      'field VolumeOptions must not be specified',
    ],
    [
      { mounts: [{ target: '/x', readOnly: true }] },
      'must not set ReadOnly mode when using anonymous volumes',
    ],
    [{ mounts: [{ target: '/x', subpath: 'a' }] }, 'must not set Subpath when using anonymous volumes'],
    [{ mounts: [{ type: 'nfs' as 'bind', target: '/x' }] }, 'mount type unknown'],
    [{ mounts: [{ target: 7 as unknown as string }] }, 'target must be a string'],
    [{ mounts: [{ target: '/x', colour: 'red' } as MountRequest] }, 'colour is unknown'],
    [{ mounts: ['/x'] as unknown as MountRequest[] }, 'invalid option mounts: a list of objects is needed'],
    [{ mounts: [{ source: 'a\0b', target: '/x' }] }, 'NUL byte in option mounts'],
    [{ volumes: ['data:/x'], mounts: [{ target: '/x/' }] }, 'Duplicate mount point: /x'],
    [{ tmpfs: ['/x'], mounts: [{ target: '/x' }] }, 'Duplicate mount point: /x'],
  ])('%j is refused before anything was made', async (options, reason) => {
    await refused(options).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(reason) as string,
    });
    expect(entriesOf(root)).toEqual([]);
  });
});

describe('volumes from another container', () => {
  beforeEach(async () => {
    fs.writeFileSync(at('file'), 'of the host\n');
    const volumes = ['data:/data', `${at('file')}:/file:ro`, '/own'];
    await told(
      cliOn(root)(
        'run',
        '--keep',
        '--name',
        'first',
        ...volumes.flatMap(text => ['-v', text]),
        'touch',
        '/own/x',
      ),
    );
  });

  test('all of them, at the same places', async () => {
    expect(await ask('cat /file; ls /own; touch /data/y', { volumesFrom: ['first'] })).toBe('of the host\nx');
    expect(fs.readdirSync(dataOf(root, 'data'))).toEqual(['y']);
    // The other one has them still.
    expect(entriesOf(root)).toHaveLength(2);
  });

  test('read-only', async () => {
    for (const place of ['/data', '/own', '/file']) {
      const { exitCode } = await skiff.run(['touch', `${place}/x`], { volumesFrom: ['first:ro'] });
      expect(exitCode).toBe(1);
    }
    expect(fs.readdirSync(dataOf(root, 'data'))).toEqual([]);
  });

  test('what is asked for itself takes their place', async () => {
    expect(await ask('ls /own', { volumesFrom: ['first'], volumes: ['mine:/own'] })).toBe('');
    expect(await ask('ls /own', { volumesFrom: ['first'], tmpfs: ['/own'] })).toBe('');
  });

  test('one that there is not', async () => {
    await refused({ volumesFrom: ['nobody'] }).toMatchObject({ code: 'CONTAINER_NOT_FOUND', exitCode: 125 });
  });
});

describe('propagation', () => {
  let mounted: string[];

  beforeEach(() => {
    mounted = [];
    fs.mkdirSync(at('dir'));
    mount('-t', 'tmpfs', 'skiff-shared', at('dir'));
    fs.mkdirSync(at('dir', 'in'));
    fs.mkdirSync(at('dir', 'out'));
  });

  afterEach(() => {
    for (const place of mounted.reverse()) execFileSync('umount', ['-l', place]);
  });

  const mount = (...args: string[]) => {
    execFileSync('mount', args);
    mounted.push(args.at(-1)!);
  };
  const isMounted = (pid: number | 'self', place: string) =>
    fs.readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(` ${place} `);

  test.each([
    ['rshared', true, true],
    ['shared', true, true],
    ['rslave', true, false],
    ['slave', true, false],
    ['rprivate', false, false],
    ['private', false, false],
  ])('%s', async (mode, inwards, outwards) => {
    execFileSync('mount', ['--make-shared', at('dir')]);
    const container = await waiting(skiff, { stdin: 'pipe', volumes: [`${at('dir')}:/x:${mode}`] });
    try {
      mount('-t', 'tmpfs', 'skiff-late', at('dir', 'in'));
      expect(isMounted(container.pid, '/x/in')).toBe(inwards);
      execFileSync('nsenter', ['-t', `${container.pid}`, '-m', 'mount', '-t', 'tmpfs', 'none', '/x/out']);
      expect(readProc(container.pid, 'mountinfo')).toContain(' /x/out ');
      expect(isMounted('self', at('dir', 'out'))).toBe(outwards);
      if (outwards) mounted.push(at('dir', 'out'));
    } finally {
      await container.remove();
    }
  });

  test('of a mount that is not shared it is refused', async () => {
    execFileSync('mount', ['--make-private', at('dir')]);
    await refused({ volumes: [`${at('dir')}:/x:rshared`] }).toMatchObject({
      message: `path ${at('dir')} is mounted on ${at('dir')} but it is not a shared mount`,
    });
    await refused({ volumes: [`${at('dir', 'in')}:/x:slave`] }).toMatchObject({
      message: `path ${at('dir', 'in')} is mounted on ${at('dir')} but it is not a shared or slave mount`,
    });
  });

  test.each<[MountRequest['recursive'], string]>([
    ['enabled', 'deep\nno\nno'],
    ['disabled', 'none\nno\nno'],
    ['writable', 'deep\nno\nyes'],
    ['readonly', 'deep\nno\nno'],
  ])('what is mounted below, bind-recursive=%s', async (recursive, expected) => {
    mount('-t', 'tmpfs', 'skiff-sub', at('dir', 'in'));
    fs.writeFileSync(at('dir', 'in', 'deep'), '');
    const script =
      'ls /x/in | grep . || echo none; for d in /x /x/in; do touch $d/new 2>/dev/null && echo yes || echo no; done';
    const mounts: MountRequest[] = [
      { type: 'bind', source: at('dir'), target: '/x', readOnly: true, recursive },
    ];
    expect(await ask(script, { mounts })).toBe(expected);
  });
});
