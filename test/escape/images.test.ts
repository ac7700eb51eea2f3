/** Images that were made to do harm: what their links, FIFOs and sizes lead to. The control is who follows them by path. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot, run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { itAsRoot, NO_DEVICES } from '../helpers/user-mode';
import { sh, useSkiff } from '../run/support';

const skiff = useSkiff();
const GIB = 1 << 30;

let directory: { path: string; remove(): void };
let rootfs: string;
const at = (name: string) => path.join(directory.path, name);

beforeEach(() => {
  directory = tempDirectory();
  rootfs = at('rootfs');
  fs.mkdirSync(rootfs);
  spawnSync('tar', ['-xf', path.join(projectRoot, 'busybox.tar'), '-C', rootfs]);
  fs.mkdirSync(at('outside'));
  fs.writeFileSync(at('outside/passwd'), 'evil:x:0:0::/:/bin/sh\n');
});
afterEach(() => directory.remove());

/** Nothing was made or mounted in the host's directory. */
function expectUntouched(): void {
  expect(fs.readdirSync(at('outside'))).toEqual(['passwd']);
  expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(at('outside'));
}

/** Replace a path of the image by a link. */
function link(place: string, target: string): void {
  fs.rmSync(path.join(rootfs, place), { recursive: true, force: true });
  fs.mkdirSync(path.dirname(path.join(rootfs, place)), { recursive: true });
  fs.symlinkSync(target, path.join(rootfs, place));
}

/** What a container of the image did: it ran, or was refused by an error of ours. */
async function outcome(
  options: object = {},
  script = 'touch /made /data/made /tmp/made; echo ran',
): Promise<string> {
  return skiff()
    .run(sh(script), { rootfs, timeout: '10s', ...options })
    .then(
      ({ stdout, stderr }) => stdout.trim() || stderr.trim(),
      (error: Error) => `refused: ${error.name}`,
    );
}

const RAN_OR_REFUSED = /^(ran|refused: SkiffError)$/;
const UP = '../'.repeat(12);

describe.each([
  ['an absolute link', (target: string) => target],
  ['a link that leads up', (target: string) => path.join('/', UP, target).replace(/^\//, UP)],
])('%s', (_, form) => {
  test.each(['/proc', '/dev', '/sys', '/etc', '/dev/shm', '/dev/pts', '/tmp'])(
    'as %s leads nowhere outside',
    async place => {
      link(place, form(at('outside')));
      // The control: whoever follows the path is outside.
      expect(fs.readdirSync(path.join(rootfs, place))).toEqual(['passwd']);
      expect(await outcome()).toMatch(RAN_OR_REFUSED);
      expectUntouched();
    },
  );

  test.each<[string, object]>([
    ['a volume', { volumes: ['VOLUME:/data'] }],
    ['a volume in it', { volumes: ['VOLUME:/data/deep/er'] }],
    ['a tmpfs', { tmpfs: ['/data/sub'] }],
    ['the working directory', { cwd: '/data/sub' }],
    ['a work directory', { work: '/data/work' }],
    ['a file that is given', { files: { '/data/new': 'text' } }],
    ['a file that is taken', { collect: ['/data/passwd'] }],
    ['a device', { devices: ['/dev/null:/data/null'] }],
    ['a mount', { mounts: [{ type: 'tmpfs', target: '/data/mount' }] }],
  ])('as the place of %s leads nowhere outside', async (__, options) => {
    link('/data', form(at('outside')));
    expect(fs.readdirSync(path.join(rootfs, 'data'))).toEqual(['passwd']);
    fs.mkdirSync(at('volume'));
    const given = JSON.parse(JSON.stringify(options).replace('VOLUME', at('volume'))) as object;
    expect(await outcome(given, 'echo ran')).toMatch(RAN_OR_REFUSED);
    expectUntouched();
  });

  test('as /etc/passwd does not tell who a user is', async () => {
    link('/etc/passwd', form(at('outside/passwd')));
    expect(fs.readFileSync(path.join(rootfs, 'etc/passwd'), 'utf8')).toContain('evil');
    expect(await outcome({ user: 'evil' }, 'id -u')).toBe('refused: SkiffError');
  });
});

describe('accounts', () => {
  test.each(['passwd', 'group'])('/etc/%s as a FIFO keeps nobody waiting', async name => {
    const file = path.join(rootfs, 'etc', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.rmSync(file, { force: true });
    expect(spawnSync('mkfifo', [file]).status).toBe(0);
    // The control: whoever reads it waits.
    expect(spawnSync('cat', [file], { timeout: 500 }).signal).toBe('SIGTERM');
    expect(await outcome({ user: 'nobody:nogroup' }, 'id -u')).toMatch(/^refused: SkiffError$/);
    expect(await outcome({ user: '12:34' }, 'id -u')).toMatch(/^(12|refused: SkiffError)$/);
  });

  test.each(['passwd', 'group'])('/etc/%s of 1 GiB is not read', async name => {
    const file = path.join(rootfs, 'etc', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, '');
    fs.truncateSync(file, GIB);
    const before = process.memoryUsage().rss;
    expect(await outcome({ user: 'somebody:somegroup' }, 'id -u')).toBe('refused: SkiffError');
    expect(process.memoryUsage().rss - before).toBeLessThan(GIB / 4);
  });

  itAsRoot(NO_DEVICES)('/etc/passwd as a device of the host is not read', async () => {
    const file = path.join(rootfs, 'etc/passwd');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.rmSync(file, { force: true });
    expect(spawnSync('mknod', [file, 'c', '1', '5']).status).toBe(0);
    expect(await outcome({ user: 'somebody' }, 'id -u')).toBe('refused: SkiffError');
  });
});

test('a container of such an image that stays: exec, cp, diff, commit lead nowhere outside', async () => {
  link('/data', at('outside'));
  const started = await run(['run', '-d', '--name', 'hostile', '--rootfs', rootfs, 'sleep', '60']);
  expect(started).toMatchObject({ code: 0 });
  fs.writeFileSync(at('file'), 'text');
  for (const words of [
    ['exec', '-w', '/data/sub', 'hostile', 'true'],
    ['cp', at('file'), 'hostile:/data/'],
    ['cp', 'hostile:/data/passwd', at('copy')],
    ['diff', 'hostile'],
    ['commit', 'hostile', 'hostile:1'],
  ])
    await run(words);
  expect(fs.existsSync(at('copy'))).toBe(false);
  expectUntouched();
  await run(['rm', '-f', 'hostile']);
}, 60_000);
