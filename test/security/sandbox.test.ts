/** `--profile sandbox`: what is shut, what each limit's verdict is, and files in and out. */
import fs from 'node:fs';
import path from 'node:path';
import type { RunOptions } from '../../lib/engine/options';
import { run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { canLimit, describeWithLimits, itWithLimits } from '../helpers/user-mode';
import { output, sh, useSkiff } from '../run/support';
import { statusFields } from './support';

const skiff = useSkiff();
const SANDBOX: RunOptions = { profile: 'sandbox' };
const sandboxed = (script: string, options: RunOptions = {}) =>
  skiff().run(sh(script), { ...SANDBOX, ...options });
/** The verdict, which is the same in both; and that the run went as it should where the limit is not reached. */
const verdict = async (script: string, options: RunOptions = {}) =>
  (await sandboxed(script, options)).verdict.status;

const directory = tempDirectory();
afterAll(() => directory.remove());

if (!canLimit) {
  test('is refused where it would be without limits', async () => {
    await expect(skiff().run(['true'], SANDBOX)).rejects.toThrow(/^cannot limit memory: .*/);
  });
}

describe('what is shut', () => {
  itWithLimits('privileges', async () => {
    const { stdout } = await run([
      'run',
      '--profile',
      'sandbox',
      'grep',
      '-E',
      '^(Cap|No|Sec|Uid)',
      '/proc/self/status',
    ]);
    expect(statusFields(stdout.toString())).toMatchObject({
      Uid: '65534\t65534\t65534\t65534',
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
    });
  });

  itWithLimits('also for root in it', async () => {
    const fields = statusFields(
      await output(skiff(), ['cat', '/proc/self/status'], { ...SANDBOX, user: '0' }),
    );
    expect(fields).toMatchObject({ CapEff: '0000000000000000', CapBnd: '0000000000000000' });
  });

  itWithLimits('files: only the work directory, /tmp and /dev/shm can be written to', async () => {
    const script =
      'for d in / /etc /root /dev /proc /sys /w /tmp /dev/shm; do touch $d/x 2>/dev/null && echo $d; done; true';
    expect(await output(skiff(), sh(script), SANDBOX)).toBe('/w\n/tmp\n/dev/shm');
    const asRoot = await output(skiff(), sh(script), { ...SANDBOX, user: '0' });
    expect(asRoot.split('\n')).not.toContain('/');
  });

  itWithLimits('names, time zone and environment are the same everywhere', async () => {
    process.env.SKIFF_TEST_SECRET = 'secret';
    try {
      const { stdout } = await sandboxed('hostname; date +%Z; pwd; env | cut -d= -f1 | sort | xargs');
      expect(stdout).toBe('sandbox\nUTC\n/w\nHOME HOSTNAME PATH PWD SHLVL TZ\n');
    } finally {
      delete process.env.SKIFF_TEST_SECRET;
    }
  });

  itWithLimits('processes of other users are not to be seen', async () => {
    const count = sh('ls -d /proc/[0-9]* | wc -l');
    expect(Number(await output(skiff(), count, { user: '65534', init: true }))).toBeGreaterThan(3);
    const mounts = await output(skiff(), ['cat', '/proc/mounts'], SANDBOX);
    expect(mounts).toMatch(/^proc \/proc proc \S*hidepid=(2|invisible)/m);
    expect(mounts).toMatch(/^\S+ \/ \S+ \S*\bnosuid\b/m);
  });

  test.each([
    { privileged: true },
    { capAdd: ['KILL'] },
    { devices: ['/dev/zero'] },
    { network: 'host' } as const,
  ])('it can not be opened by %j', async options => {
    await expect(skiff().run(['true'], { ...SANDBOX, ...options })).rejects.toThrow('conflicting options');
  });
});

/** At once: tail, which keeps the end of a stream, takes minutes for as much on an emulated machine. */
const FILL = 'dd if=/dev/zero of=/dev/null bs=60M count=1';

describeWithLimits('verdicts', () => {
  test.each<[string, string, RunOptions]>([
    ['ok', 'true', {}],
    ['nonzero', 'exit 3', {}],
    ['nonzero', 'exit 200', {}],
    ['signal', 'kill -SEGV $$', {}],
    ['timeout', 'sleep 60', { timeout: 200 }],
    ['cpu-time', 'while :; do :; done', { cpuTime: 200 }],
    ['cpu-time', 'for i in 1 2 3 4; do (while :; do :; done) & done; wait', { cpuTime: 300 }],
    ['memory', `${FILL}; exit $?`, { memory: '16m' }],
    ['memory', 'head -c 60m /dev/zero >/dev/shm/x', { memory: '16m' }],
    ['output', 'yes', { outputLimit: 100_000 }],
    ['output', 'yes >&2', { outputLimit: 100_000 }],
    ['pids', 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done', { pidsLimit: 5 }],
    ['disk', 'head -c 9m /dev/zero >/w/x', { ulimits: ['fsize=1048576'] }],
    ['disk', 'head -c 9m /dev/zero >/w/x', { work: '/w:1m', collect: ['/w/y'] }],
  ])('%s: %s', async (expected, script, options) => {
    expect(await verdict(script, options)).toBe(expected);
  });

  test('the same without the limit is fine', async () => {
    expect(await verdict('head -c 9m /dev/zero >/w/x')).toBe('ok');
    expect(await verdict(FILL)).toBe('ok');
    expect(await verdict('yes | head -c 100001')).toBe('ok');
    expect(await verdict('for i in 1 2 3 4 5 6 7 8 9; do sleep 0 & done; wait')).toBe('ok');
  });

  test('has figures', async () => {
    const { verdict } = await sandboxed(
      'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; head -c 30m /dev/zero >/w/x',
      { cpuTime: '100s' },
    );
    expect(verdict.status).toBe('ok');
    expect(verdict.cpuMs).toBeGreaterThan(10);
    expect(verdict.wallMs).toBeGreaterThanOrEqual(verdict.cpuMs / 4);
    expect(verdict.memoryPeakBytes).toBeGreaterThan(30 * 1024 ** 2);
  });

  test('nothing of it runs on after a limit', async () => {
    const started = performance.now();
    const result = await sandboxed('setsid sh -c "while :; do :; done" & while :; do :; done', {
      cpuTime: 200,
    });
    expect(result).toMatchObject({ exitCode: 137, verdict: { status: 'cpu-time' } });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('files in and out', () => {
  itWithLimits('texts, bytes, files of the host, with their modes; results come back', async () => {
    const source = path.join(directory.path, 'source');
    fs.writeFileSync(source, '#!/bin/sh\necho from the host\n', { mode: 0o755 });
    const result = await sandboxed('ls -ld sub sub/t b; ./s; cat sub/t; cp b c; chmod 600 c', {
      files: {
        '/w/sub/t': 'text ü\n',
        '/w/b': Buffer.from([0, 255, 10]),
        '/w/s': { source },
        '/tmp/x': { content: 'x', mode: 0o400 },
      },
      collect: ['/w/c', '/tmp/x', '/w/none', { path: '/w/sub/t', maxBytes: 4 }],
    });
    expect(result.stderr).toBe('');
    expect(result.stdout).toMatch(
      /^-rw-r--r--\s+1 nobody .* b\ndrwxr-xr-x\s+2 nobody .* sub\n-rw-r--r--\s+1 nobody .* sub\/t\n/,
    );
    expect(result.stdout).toMatch(/from the host\ntext ü\n$/);
    expect(result.files).toEqual({
      '/w/c': { content: Buffer.from([0, 255, 10]), mode: 0o600, truncated: false },
      '/tmp/x': { content: Buffer.from('x'), mode: 0o400, truncated: false },
      '/w/sub/t': { content: Buffer.from('text'), mode: 0o644, truncated: true },
    });
  });

  test('a container without a profile has them, too, in its root', async () => {
    const { stdout, files } = await skiff().run(sh('cat /opt/new/a; echo out >/root/b'), {
      files: { '/opt/new/a': 'in\n' },
      collect: ['/root/b'],
    });
    expect(stdout).toBe('in\n');
    expect(files['/root/b']).toMatchObject({ content: Buffer.from('out\n') });
  });

  itWithLimits('each run of a pool has its own', async () => {
    await using pool = await skiff().pool({ ...SANDBOX, size: 2 });
    const results = await Promise.all(
      ['one', 'two', 'three'].map(text =>
        pool.run(sh('cat a >b; ls'), { files: { '/w/a': text }, collect: ['/w/b'] }),
      ),
    );
    expect(results.map(({ files }) => String('content' in files['/w/b']! && files['/w/b'].content))).toEqual([
      'one',
      'two',
      'three',
    ]);
    expect(results.map(({ stdout }) => stdout)).toEqual(['a\nb\n', 'a\nb\n', 'a\nb\n']);
  });

  describeWithLimits('what is collected', () => {
    test.each([
      ['a link to a file of the host', 'ln -s /etc/shadow /w/x', '/w/x'],
      ['a link to a directory', 'ln -s / /w/x', '/w/x/etc/passwd'],
      ['a link that leads up', 'mkdir /w/a; ln -s ../../../etc /w/a/b', '/w/a/b/passwd'],
      ['a FIFO', 'mkfifo /w/x', '/w/x'],
      ['a directory', 'mkdir /w/x', '/w/x'],
    ])('%s is not followed, and nothing waits', async (_, script, wanted) => {
      const { files, exitCode } = await sandboxed(script, { collect: [wanted] });
      expect(exitCode).toBe(0);
      expect(files[wanted]).toEqual({
        error: expect.objectContaining({ message: expect.stringContaining('cannot collect') }),
      });
    });
  });

  test('an image whose places are links does not lead files elsewhere', async () => {
    const rootfs = path.join(directory.path, 'rootfs');
    const victim = path.join(directory.path, 'victim');
    fs.mkdirSync(path.join(rootfs, 'inside'), { recursive: true });
    fs.mkdirSync(victim);
    fs.symlinkSync(victim, path.join(rootfs, 'link'));
    fs.symlinkSync(path.join(victim, 'file'), path.join(rootfs, 'inside', 'file'));
    const give = (place: string) => skiff().run(['/inside/none'], { rootfs, files: { [place]: 'text' } });
    fs.symlinkSync('/inside', path.join(rootfs, 'inner'));
    const collected = skiff().run(['/inside/none'], { rootfs, tmpfs: ['/inner'], collect: ['/inner/x'] });
    await expect(collected).rejects.toThrow('cannot collect files: /inner: a symbolic link');
    await expect(give('/link/file')).rejects.toThrow('/link/file');
    await expect(give('/inside/file')).rejects.toThrow('/inside/file');
    expect(fs.readdirSync(victim)).toEqual([]);
  });

  itWithLimits('what cannot be written tells where, why, and what to do', async () => {
    const give = (place: string, options: RunOptions = SANDBOX) =>
      skiff().run(['true'], { ...options, files: { [place]: Buffer.alloc(100_000) } });
    await expect(give('/outside')).rejects.toMatchObject({
      message: 'cannot put a file into the container: open: /outside: Read-only file system',
      remedy: 'Put it into the work directory or a tmpfs, or add one: of --profile sandbox, /w and /tmp.',
    });
    await expect(give('/t/x', { tmpfs: ['/t:size=16k'] })).rejects.toMatchObject({
      code: 'ENOSPC',
      remedy: 'Give the file system that it lies in a larger size.',
    });
  });

  test('what is too large or no file is refused before anything is made', async () => {
    const big = path.join(directory.path, 'big');
    fs.closeSync(fs.openSync(big, 'w'));
    fs.truncateSync(big, 9 * 1024 ** 2);
    const refused = (files: RunOptions['files']) => expect(skiff().run(['true'], { files })).rejects.toThrow;
    await refused({ '/a': Buffer.alloc(9 * 1024 ** 2) })('files are too large: /a');
    await refused({ '/a': { source: big } })('larger than');
    await refused({ '/a': { source: '/dev/zero' } })('not a regular file');
    await refused({ '/a': { source: '/no/such/file' } })('no such file or directory');
    await refused({ 'a/b': 'x' })('mount path must be absolute');
  });

  itWithLimits('on the command line', async () => {
    const [source, result] = ['in', 'out'].map(name => path.join(directory.path, name)) as [string, string];
    fs.writeFileSync(source, 'abc');
    const flags = [
      'run',
      '--profile',
      'sandbox',
      '--file',
      `${source}:/w/in`,
      '--collect',
      `/w/out:${result}`,
    ];
    const done = await run([...flags, 'sh', '-c', 'tr a-c x-z <in >out']);
    expect({ code: done.code, stderr: done.stderr }).toEqual({ code: 0, stderr: '' });
    expect(fs.readFileSync(result, 'utf8')).toBe('xyz');
    const missing = await run([...flags, 'true']);
    expect(missing).toMatchObject({
      code: 125,
      stderr: 'skiff: cannot collect /w/out: no such file or directory\n',
    });
    expect((await run(['run', '--file', 'x', 'true'])).stderr).toContain('SRC:/DST is needed');
    expect((await run(['run', '--profile', 'x', 'true'])).stderr).toContain('unknown profile: x');
  });
});

test('its filter by itself needs no-new-privileges, and the message says so', async () => {
  const alone = skiff().run(['true'], { securityOpt: ['seccomp=sandbox'] });
  await expect(alone).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'seccomp=sandbox works with no-new-privileges alone',
    remedy: expect.stringContaining('--security-opt no-new-privileges') as string,
  });
  const both = ['seccomp=sandbox', 'no-new-privileges'];
  expect((await skiff().run(['true'], { securityOpt: both })).exitCode).toBe(0);
});
