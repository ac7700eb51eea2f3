/** Many binds are made another way than few, csrc/core/earlybinds.h: what comes of them is the same. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { RunOptions } from '../../lib/engine/options';
import { projectRoot } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { itAsRoot } from '../helpers/user-mode';
import { output, readProc, sh, useSkiff, waiting } from '../run/support';

const skiff = useSkiff();
/** More than from where on it is so. */
const MANY = 100;

let host: string;
let volumes: string[];

beforeEach(() => {
  host = fs.realpathSync(tempRoot());
  volumes = Array.from({ length: MANY }, (_, index) => {
    const name = path.join(host, `s${index}`);
    if (index % 2) fs.writeFileSync(name, `file ${index}\n`);
    else fs.mkdirSync(path.join(name, `dir-${index}`), { recursive: true });
    return `${name}:/many/${index % 3 ? 'a/' : ''}t${index}`;
  });
});

const WHOLE = (list: readonly string[]) =>
  list.map((_, index) => (index % 2 ? `file ${index}` : `dir-${index}`)).join('\n');

/** In their order: the text of a file, the names in a directory. */
function read(list: readonly string[], options: RunOptions = {}): Promise<string> {
  const targets = list.map(volume => volume.split(':')[1]!);
  const script = 'for t; do if [ -d "$t" ]; then ls "$t"; else cat "$t"; fi; done';
  return output(skiff(), sh(script, ...targets), { ...options, volumes: [...list] });
}

/** Mounts below a path, without what differs from one start to the next. */
function mountsOf(text: string, below: string): string[] {
  const lines = text.split('\n').filter(line => line.split(' ')[4]?.startsWith(below));
  return lines.map(line => line.replace(/^\d+ \d+ /, '')).sort();
}

test('each is there, made where the image has nothing', async () => {
  expect(await read(volumes)).toBe(WHOLE(volumes));
});

test('again, and by a root with rights to mount', async () => {
  expect(await read(volumes)).toBe(WHOLE(volumes));
  expect(await read(volumes, { capAdd: ['SYS_ADMIN'] })).toBe(WHOLE(volumes));
});

test('the mounts are those that few binds get, and there are no other ones', async () => {
  const few = volumes.slice(0, 10);
  await using one = await waiting(skiff(), { volumes: few });
  await using all = await waiting(skiff(), { volumes });
  const places = new Set(few.map(volume => volume.split(':')[1]));
  const own = mountsOf(readProc(all.pid, 'mountinfo'), '/');
  expect(own.filter(line => places.has(line.split(' ')[2]!))).toEqual(
    mountsOf(readProc(one.pid, 'mountinfo'), '/many'),
  );
  expect(own.length).toBe(mountsOf(readProc(one.pid, 'mountinfo'), '/').length + MANY - few.length);
  for (const line of own) expect(line).not.toMatch(/ (shared|master|propagate_from):/);
});

test('nothing of it is mounted on the host, and what is mounted there later does not come', async () => {
  const before = mountsOf(fs.readFileSync('/proc/self/mountinfo', 'utf8'), '/many');
  await using container = await waiting(skiff(), { volumes });
  expect(mountsOf(fs.readFileSync('/proc/self/mountinfo', 'utf8'), '/many')).toEqual(before);
  expect(
    mountsOf(fs.readFileSync('/proc/self/mountinfo', 'utf8'), '/').filter(line => line.includes('/many/')),
  ).toEqual([]);
  expect(fs.existsSync('/many')).toBe(false);
  expect(fs.readdirSync(`/proc/${container.pid}/root`).sort()).toContain('many');
});

test('a further command sees the same', async () => {
  await using container = await waiting(skiff(), { volumes });
  const { stdout } = await container.execToEnd(['sh', '-c', 'ls / /many; cat /many/a/t1; ls -di / /..']);
  const own = fs.readdirSync(`/proc/${container.pid}/root`);
  expect(stdout).toContain('file 1\n');
  for (const name of own) expect(stdout).toContain(`${name}\n`);
  const [root, above] = stdout
    .trim()
    .split('\n')
    .slice(-2)
    .map(line => line.trim().split(' ')[0]);
  expect(root).toBe(above);
});

itAsRoot('nobody mounts anything on the host')('what is mounted in a source comes along', async () => {
  const inner = path.join(host, 's0', 'dir-0');
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', inner]);
  try {
    fs.writeFileSync(path.join(inner, 'deep'), '');
    const { stdout } = await skiff().run(['ls', '/many/t0/dir-0'], { volumes });
    expect(stdout).toBe('deep\n');
  } finally {
    execFileSync('umount', [inner]);
  }
});

test('writing reaches the host', async () => {
  await skiff().run(sh('echo more >> /many/a/t1; touch /many/t0/new'), { volumes });
  expect(fs.readFileSync(path.join(host, 's1'), 'utf8')).toBe('file 1\nmore\n');
  expect(fs.existsSync(path.join(host, 's0', 'new'))).toBe(true);
});

test.each([
  ['there, and none of them a link', false],
  ['there, and one of them a link out of the directory', true],
])('targets in one directory of the image: %s', async (_, withLink) => {
  const rootfs = path.join(host, 'rootfs');
  fs.mkdirSync(path.join(rootfs, 'flat'), { recursive: true });
  execFileSync('tar', ['-xf', path.join(projectRoot, 'busybox.tar'), '-C', rootfs]);
  const list = volumes.map((volume, index) => `${volume.split(':')[0]}:/flat/t${index}`);
  for (let index = 0; index < MANY - 10; index += 1) {
    const target = path.join(rootfs, 'flat', `t${index}`);
    if (index % 2) fs.writeFileSync(target, '');
    else fs.mkdirSync(target);
  }
  if (withLink) {
    fs.mkdirSync(path.join(host, 'secret'));
    fs.rmdirSync(path.join(rootfs, 'flat', 't40'));
    // In the container it leads to a directory of that name there.
    fs.symlinkSync(path.join(host, 'secret'), path.join(rootfs, 'flat', 't40'));
    fs.mkdirSync(path.join(rootfs, host, 'secret'), { recursive: true });
  }
  expect(await read(list, { rootfs })).toBe(WHOLE(list));
  if (withLink) expect(fs.readdirSync(path.join(host, 'secret'))).toEqual([]);
});

describe('where it is not to be done so', () => {
  test.each<[string, (list: string[]) => string[]]>([
    [
      'a target behind a link of the image',
      list => [...list, `${host}/s1:/bin/../linked/x`, `${host}/s1:/var/run/x`],
    ],
    ['one of them read-only', list => [`${list[0]!}:ro`, ...list.slice(1)]],
    ['one within another', list => [...list, `${host}/s1:/many/t0/within`]],
    ['one below /dev', list => [...list, `${host}/s1:/dev/inner`]],
  ])('%s', async (_, change) => {
    const list = change(volumes);
    const told = await skiff().run(sh('cat /many/a/t1; ls /many/a /linked /var/run /dev /many/t0'), {
      volumes: list,
    });
    const few = await skiff().run(sh('ls /dev'), { volumes: [`${host}/s1:/dev/inner`] });
    expect(few.exitCode).toBe(0);
    expect(told.stdout).toContain('t1\n');
  });

  test('a source that is missing is told as one of few', async () => {
    const missing = { type: 'bind', source: `${host}/nosuch`, target: '/many/nosuch' } as const;
    const failure = (list: string[]) =>
      skiff()
        .run(['true'], { volumes: list, mounts: [missing] })
        .then(
          () => undefined,
          (error: unknown) => String(error),
        );
    expect(await failure(volumes)).toBe(await failure(volumes.slice(0, 2)));
    expect(await failure(volumes)).toContain('nosuch');
  });
});
