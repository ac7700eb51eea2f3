/** Bind mounts, seen from both sides: what the container sees of the host, and what the host sees of what it wrote. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import type { RunOptions } from '../../lib/engine/options';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { containersOf, haveFirstStarts, leftSince, lookAround } from '../life/support';
import { output, readProc, sh, useSkiff, waiting } from './support';

const skiff = useSkiff();
let host: string;

beforeEach(() => {
  host = tempRoot();
  fs.mkdirSync(path.join(host, 'dir'));
  fs.writeFileSync(path.join(host, 'dir', 'inside'), 'inside\n');
  fs.writeFileSync(path.join(host, 'file'), 'file\n');
});

const at = (...names: string[]) => path.join(host, ...names);
const ask = (script: string, options: RunOptions) => output(skiff(), sh(script), options);

function failing(volumes: string[], options: RunOptions = {}): Promise<unknown> {
  return skiff()
    .run(['true'], { ...options, volumes })
    .then(
      () => undefined,
      (error: unknown) => error,
    );
}

describe('reading and writing', () => {
  test('a directory', async () => {
    const script = 'cat /data/inside; echo written > /data/new';
    expect(await ask(script, { volumes: [`${at('dir')}:/data`] })).toBe('inside');
    expect(fs.readFileSync(at('dir', 'new'), 'utf8')).toBe('written\n');
  });

  test('a file over a file of the image', async () => {
    const script = 'cat /etc/passwd; echo more >> /etc/passwd';
    expect(await ask(script, { volumes: [`${at('file')}:/etc/passwd`] })).toBe('file');
    expect(fs.readFileSync(at('file'), 'utf8')).toBe('file\nmore\n');
  });

  test.each(['dir', 'file'])('nothing is written to a read-only %s', async name => {
    const volumes = [`${at(name)}:/place:ro`];
    const { exitCode, stderr } = await skiff().run(sh('touch /place/x || echo > /place'), { volumes });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/Read-only file system/);
    expect(fs.readdirSync(at('dir'))).toEqual(['inside']);
    expect(fs.readFileSync(at('file'), 'utf8')).toBe('file\n');
  });

  test('missing targets are made in the write layer: a directory for a directory, a file for a file', async () => {
    const volumes = [`${at('dir')}:/a/b/c`, `${at('file')}:/d/e/f`];
    expect(await ask('cat /a/b/c/inside /d/e/f', { volumes })).toBe('inside\nfile');
    expect(await ask('ls -d /a /d 2>/dev/null || echo none', {})).toBe('none');
  });

  test('on a read-only root file system, made in it before', async () => {
    expect(await ask('cat /new/inside', { readOnly: true, volumes: [`${at('dir')}:/new`] })).toBe('inside');
  });

  test('a path that begins with a dot is of the working directory, at every start', async () => {
    const before = process.cwd();
    const read = () => ask('cat /x', { volumes: ['./file:/x'] });
    try {
      process.chdir(host);
      expect(await read()).toBe('file');
      process.chdir(at('dir'));
      fs.writeFileSync(at('dir', 'file'), 'other\n');
      expect(await read()).toBe('other');
    } finally {
      process.chdir(before);
    }
  });

  test.each(['with space', 'com,ma', 'new\nline', 'quote"\'', 'ünïcödé', 'x'.repeat(200), '-v'])(
    'the name %j',
    async name => {
      fs.mkdirSync(at(name));
      fs.writeFileSync(at(name, 'is'), 'here\n');
      const { stdout } = await skiff().run(['cat', `/t/${name}/is`], { volumes: [`${at(name)}:/t/${name}`] });
      expect(stdout).toBe('here\n');
    },
  );

  test("over /dev: the host's, and no device is made in it", async () => {
    await ask('true', { volumes: [`${at('dir')}:/dev`] });
    expect(fs.readdirSync(at('dir'))).toEqual(['inside']);
  });
});

describe('order', () => {
  test('what is deeper comes later, however it is told, a tmpfs too', async () => {
    fs.mkdirSync(at('other', 'tmp'), { recursive: true });
    fs.mkdirSync(at('other', 'dir'));
    const volumes = [`${at('dir')}:/a/dir`, `${at('other')}:/a`, `${at('file')}:/a/dir/inside`];
    const script = 'cat /a/dir/inside; grep -c " /a/tmp " /proc/mounts';
    expect(await ask(script, { volumes, tmpfs: ['/a/tmp'] })).toBe('file\n1');
  });

  test('300 at once, each at its place', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `${index}`);
    for (const name of names) fs.writeFileSync(at('dir', name), `${name}\n`);
    const volumes = names.map(name => `${at('dir', name)}:/m/at-${name}${Number(name) % 2 ? ':ro' : ''}`);
    const script =
      'for i in $(seq 0 299); do cat /m/at-$i; done; grep -c " /m/.* ro," /proc/mounts; ls /proc/self/fd';
    const lines = (await ask(script, { volumes })).split('\n');
    expect(lines.slice(0, 300)).toEqual(names);
    // The half of them, and no descriptor but the streams and what ls has open.
    expect(lines.slice(300)).toEqual(['150', '0', '1', '2', '3']);
  });
});

describe('other mounts', () => {
  let mounted: string[] = [];

  const mount = (...args: string[]) => {
    execFileSync('mount', args);
    mounted.unshift(args.at(-1)!);
  };

  afterEach(() => {
    for (const place of mounted) execFileSync('umount', ['-l', place]);
    mounted = [];
  });

  test('what is mounted below the source comes along, read-only where the mount is', async () => {
    fs.mkdirSync(at('dir', 'sub'));
    mount('-t', 'tmpfs', 'skiff-sub', at('dir', 'sub'));
    fs.writeFileSync(at('dir', 'sub', 'deep'), 'deep\n');
    expect(await ask('cat /x/sub/deep', { volumes: [`${at('dir')}:/x`] })).toBe('deep');
    expect(await ask('ls /x/sub', { volumes: [`${at('dir')}:/x:bind`] })).toBe('');
    const { stderr } = await skiff().run(['touch', '/x/sub/new'], { volumes: [`${at('dir')}:/x:ro`] });
    expect(stderr).toMatch(/Read-only file system/);
  });

  test('nothing propagates, in either direction, out of a shared mount', async () => {
    mount('-t', 'tmpfs', 'skiff-shared', at('dir'));
    execFileSync('mount', ['--make-shared', at('dir')]);
    fs.mkdirSync(at('dir', 'in'));
    fs.mkdirSync(at('dir', 'out'));
    const container = await waiting(skiff(), { stdin: 'pipe', volumes: [`${at('dir')}:/x`] });
    try {
      const points = () => readProc(container.pid, 'mountinfo');
      const line = points()
        .split('\n')
        .find(text => text.includes(' /x '));
      expect(line).not.toMatch(/shared:|master:/);
      mount('-t', 'tmpfs', 'skiff-late', at('dir', 'in'));
      expect(points()).not.toContain('/x/in');
      execFileSync('nsenter', ['-t', `${container.pid}`, '-m', 'mount', '-t', 'tmpfs', 'none', '/x/out']);
      expect(points()).toContain('/x/out');
      expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(at('dir', 'out'));
    } finally {
      await container.remove();
    }
  });
});

describe('links of an image', () => {
  const rootfs = () => {
    const root = at('rootfs');
    fs.mkdirSync(path.join(root, 'etc'), { recursive: true });
    execFileSync('tar', ['-xf', path.join(__dirname, '..', '..', 'busybox.tar'), '-C', root]);
    return root;
  };

  test.each(['/etc', '/../../../../etc', '../../../etc'])(
    'a target behind a link to %s is inside',
    async target => {
      const root = rootfs();
      fs.symlinkSync(target, path.join(root, 'link'));
      const volumes = [`${at('dir')}:/link/skiff-x`];
      expect(await ask('cat /etc/skiff-x/inside', { rootfs: root, volumes })).toBe('inside');
      expect(fs.existsSync('/etc/skiff-x')).toBe(false);
      expect(fs.readdirSync(path.join(root, 'etc'))).not.toContain('skiff-x');
    },
  );

  test.each(Array.from({ length: 12 }, (_, fd) => `/proc/self/fd/${fd}`))(
    'a link to %s leads to nothing that can be written to',
    async target => {
      const root = rootfs();
      fs.symlinkSync(target, path.join(root, 'link'));
      const volumes = [`${at('file')}:/link/x`, `${at('dir')}:/there/at/last:ro`];
      const error = await failing(volumes, { rootfs: root });
      if (error !== undefined) expect(error).toMatchObject({ name: 'SkiffError', step: 'bind' });
      expect(fs.readdirSync(at('dir'))).toEqual(['inside']);
      expect(fs.readFileSync(at('file'), 'utf8')).toBe('file\n');
    },
  );
});

describe('refused', () => {
  test.each([
    ['file', '/etc'],
    ['dir', '/etc/passwd'],
  ])('a %s on %s', async (name, target) => {
    expect(await failing([`${at(name)}:${target}`])).toMatchObject({
      code: 'ENOTDIR',
      step: 'bind',
      path: target,
      remedy: 'A file can be mounted on a file only, and a directory on a directory.',
    });
  });

  test.each(['/a', {}, [1]])('%j in place of a list of texts', async volumes => {
    const options = { volumes: volumes as string[] };
    await expect(skiff().run(['true'], options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(skiff().pool(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('on the command line, several, and kept', async () => {
  const root = tempRoot();
  const volumes = ['-v', `${at('dir')}:/a:ro`, '--volume', `${at('file')}:/b`];
  const { code, stdout } = await run(
    ['run', '--keep', '--name', 'kept', ...volumes, 'cat', '/a/inside', '/b'],
    { root },
  );
  expect({ code, stdout: `${stdout}` }).toEqual({ code: 0, stdout: 'inside\nfile\n' });
  // Its removal removes nothing of what was mounted.
  expect((await run(['rm', 'kept'], { root })).code).toBe(0);
  expect(fs.readdirSync(at('dir'))).toEqual(['inside']);
});

test('in the containers of a pool', async () => {
  const before = process.cwd();
  process.chdir(host);
  const pool = await skiff().pool({ size: 2, volumes: ['./dir:/x'] });
  process.chdir(before);
  try {
    const runs = Array.from({ length: 5 }, (_, index) => pool.run(sh(`cat /x/inside; echo > /x/${index}`)));
    expect((await Promise.all(runs)).map(({ stdout }) => stdout)).toEqual(Array(5).fill('inside\n'));
  } finally {
    await pool.close();
  }
  expect(fs.readdirSync(at('dir')).sort()).toEqual(['0', '1', '2', '3', '4', 'inside']);
});

test('where the mounts of the caller are copied', async () => {
  const root = tempRoot();
  await using copying = await Skiff.open({ root, copyMounts: true });
  expect(await output(copying, ['cat', '/x/inside'], { volumes: [`${at('dir')}:/x:ro`] })).toBe('inside');
});

test('a failure half-way leaves nothing', async () => {
  const root = tempRoot();
  await using other = await Skiff.open({ root });
  await haveFirstStarts(other);
  const before = lookAround();
  const volumes = [...Array(50).keys()].map(index => `${at('dir')}:/m/${index}`);
  await expect(other.run(['true'], { volumes: [...volumes, `${at('file')}:/etc`] })).rejects.toMatchObject({
    step: 'bind',
  });
  expect(containersOf(root)).toEqual([]);
  expect(await leftSince(before)).toEqual([]);
});

describe('a list that is used again', () => {
  const look = (volumes: string[], options: RunOptions = {}) =>
    ask('cat /a /b/inside 2>/dev/null; ls /c 2>/dev/null; true', { volumes, ...options });

  test('counts as it is by then', async () => {
    const volumes = [`${at('file')}:/a`];
    for (let round = 0; round < 3; round += 1) expect(await look(volumes)).toBe('file');
    volumes.push(`${at('dir')}:/b`);
    for (let round = 0; round < 2; round += 1) expect(await look(volumes)).toBe('file\ninside');
    volumes[0] = `${at('dir')}:/c:ro`;
    expect(await look(volumes)).toBe('inside\ninside');
    volumes.pop();
    expect(await look(volumes)).toBe('inside');
  });

  test('has what is asked for beside it', async () => {
    const volumes = [`${at('file')}:/a`];
    for (let round = 0; round < 2; round += 1) expect(await look(volumes)).toBe('file');
    const mounts = [{ type: 'bind' as const, source: at('dir'), target: '/b' }];
    expect(await look(volumes, { mounts })).toBe('file\ninside');
    expect(await look(volumes, { tmpfs: ['/c'] })).toBe('file');
    expect(await look(volumes)).toBe('file');
  });

  test('what it names is looked at each time', async () => {
    const volumes = [`${at('file')}:/a`, `${at('made')}:/c`];
    for (let round = 0; round < 2; round += 1) expect(await look(volumes)).toBe('file');
    fs.rmSync(at('made'), { recursive: true });
    fs.renameSync(at('file'), at('other'));
    fs.writeFileSync(at('file'), 'second\n');
    expect(await look(volumes)).toBe('second');
    expect(fs.statSync(at('made')).isDirectory()).toBe(true);
  });

  test('a volume without a name is another one each time', async () => {
    const volumes = ['/c'];
    for (let round = 0; round < 2; round += 1)
      expect(await ask('ls /c; touch /c/left', { volumes })).toBe('');
  });

  test('each record names them', async () => {
    const volumes = [`${at('file')}:/a`, `${at('dir')}:/b`];
    for (let round = 0; round < 2; round += 1) {
      await using container = await waiting(skiff(), { volumes });
      const file = `${skiff().root}/containers/${container.id}/state.json`;
      const { mounts } = JSON.parse(fs.readFileSync(file, 'utf8')) as { mounts: { destination: string }[] };
      expect(mounts.map(({ destination }) => destination)).toEqual(['/a', '/b']);
    }
  });
});
