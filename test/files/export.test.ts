import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { native } from '../../lib/native';
import { tarTree } from '../../lib/workspace';
import { fileRoot, run, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { isUser } from '../helpers/user-mode';
import { until } from '../helpers/wait';
import { bytesOf, entriesOf, keep, list, makeDeep, refusal, setXattr, skiff } from './support';

/** A tar of a directory of the host, as the exports make it. */
async function tarOf(directory: string): Promise<Buffer> {
  const fd = fs.openSync(directory, 'r');
  try {
    return await bytesOf(
      await tarTree({ what: 'test', name: directory }, () => Promise.resolve({ top: fd })),
    );
  } finally {
    fs.closeSync(fd);
  }
}

describe('the tar', () => {
  let top: string;
  let remove: () => void;
  beforeEach(() => ({ path: top, remove } = tempDirectory()));
  afterEach(() => remove());
  const file = (name: string | Buffer) =>
    Buffer.concat([Buffer.from(`${top}/`), typeof name === 'string' ? Buffer.from(name) : name]);

  test('GNU tar unpacks from it what was there: owners, modes, nanoseconds, links, devices, attributes', async () => {
    const from = path.join(top, 'from');
    const to = path.join(top, 'to');
    fs.mkdirSync(path.join(from, 'dir'), { recursive: true });
    fs.mkdirSync(to);
    const set = (name: string) => path.join(from, name);
    fs.writeFileSync(set('setuid'), 'x'.repeat(1000));
    // A user has ids up to 65535, and no devices.
    fs.chownSync(set('setuid'), 12, isUser ? 65_000 : 4_000_000_000);
    fs.chmodSync(set('setuid'), 0o6755);
    fs.linkSync(set('setuid'), set('dir/again'));
    fs.symlinkSync('t'.repeat(300), set('long-link'));
    fs.symlinkSync('x', set('link'));
    execFileSync('mkfifo', [set('fifo')]);
    if (!isUser) execFileSync('mknod', [set('device'), 'b', '259', '1048575']);
    fs.writeFileSync(set(`dir/${'n'.repeat(255)}`), 'long');
    fs.writeFileSync(set('dir/\u00e4\n'), 'umlaut');
    fs.writeFileSync(Buffer.concat([Buffer.from(`${from}/`), Buffer.from([0xff, 0xfe])]), 'no text');
    setXattr(set('setuid'), 'user.note', 'a\0b\n\u00ff');
    execFileSync('touch', ['-d', '2001-02-03 04:05:06.789012345Z', set('dir/again')]);
    execFileSync('touch', ['-d', '1901-02-03 04:05:06.5Z', set('fifo')]);
    const archive = await tarOf(from);
    execFileSync('tar', ['-xpf', '-', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-C', to], {
      input: archive,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const facts = (directory: string) =>
      execFileSync(
        'sh',
        [
          '-c',
          `cd "$1"; find . -mindepth 1 -printf '%P %y %m %U %G %n %T@ %l\\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum; stat -c '%t %T' device; getfattr -d -m - -R . 2>/dev/null || python3 -c 'import os;print({k:os.getxattr("setuid",k) for k in os.listxattr("setuid")})'`,
          'sh',
          directory,
        ],
        { encoding: 'latin1' },
      );
    expect(facts(to)).toBe(facts(from));
  });

  test('the same tree gives the same bytes, whatever the order in the directory', async () => {
    const trees = ['one', 'other'].map(name => path.join(top, name));
    const names = Array.from({ length: 500 }, (_, i) => `file-${i}`);
    for (const [index, tree] of trees.entries()) {
      fs.mkdirSync(tree);
      for (const name of index === 0 ? names : [...names].reverse()) {
        fs.writeFileSync(path.join(tree, name), name);
        fs.utimesSync(path.join(tree, name), 1, 1);
      }
    }
    expect((await tarOf(trees[0]!)).equals(await tarOf(trees[1]!))).toBe(true);
  });

  test('a path deeper than PATH_MAX', async () => {
    makeDeep(top, 1200);
    const entries = entriesOf(await tarOf(top));
    expect(entries.size).toBe(2400);
    const deepest = [...entries].reduce((a, b) => (a[0].length > b[0].length ? a : b));
    expect(deepest[0]).toMatch(/directory-1199\/file$/);
    expect(deepest[1].content.toString()).toBe('x');
    await native().removeTrees({ paths: [path.join(top, 'directory-0')] });
  });

  test('sockets are left out', async () => {
    execFileSync('python3', [
      '-c',
      'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
      `${top}/s`,
    ]);
    fs.writeFileSync(file('t'), '');
    expect([...entriesOf(await tarOf(top)).keys()]).toEqual(['t']);
  });

  test('a file that shrinks or grows while it is read leaves the archive whole', async () => {
    for (const name of ['grows', 'shrinks', 'z']) fs.writeFileSync(file(name), 'x'.repeat(2 << 20));
    const fd = fs.openSync(top, 'r');
    const stream = await tarTree({ what: 'test', name: top }, () => Promise.resolve({ top: fd }));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      if (chunks.length === 1) fs.appendFileSync(file('grows'), 'more');
      const length = chunks.reduce((sum, { length: one }) => sum + one, 0);
      if (length > 2.5 * (1 << 20)) fs.truncateSync(file('shrinks'), 10);
    }
    fs.closeSync(fd);
    const entries = entriesOf(Buffer.concat(chunks));
    expect([...entries].map(([name, { content }]) => [name, content.length])).toEqual([
      ['grows', 2 << 20],
      ['shrinks', 2 << 20],
      ['z', 2 << 20],
    ]);
    expect(entries.get('shrinks')!.content.at(-1)).toBe(0);
    expect(entries.get('z')!.content.every(byte => byte === 'x'.charCodeAt(0))).toBe(true);
  });

  test('a reader that stops gives everything back', async () => {
    for (let i = 0; i < 100; i++) fs.writeFileSync(file(`file-${i}`), 'x'.repeat(100_000));
    const fd = fs.openSync(top, 'r');
    const open = () => fs.readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 20; i++) {
      const stream = await tarTree({ what: 'test', name: top }, () => Promise.resolve({ top: fd }));
      for await (const chunk of stream) {
        expect((chunk as Buffer).length).toBeGreaterThan(0);
        break;
      }
      stream.destroy();
      if (!stream.closed) await new Promise(resolve => stream.once('close', resolve));
    }
    expect(open()).toBe(before);
    fs.closeSync(fd);
  });
});

describe.each(['overlay', 'vfs'])('export, driver %s', driver => {
  const root = tempRoot();
  const flags = ['--root', root, '--storage-driver', driver];

  test('the whole file system of a container, stopped or not, without what is mounted in it', async () => {
    const { path: volume, remove } = tempDirectory();
    fs.writeFileSync(path.join(volume, 'secret'), '');
    const script = 'rm /etc/group; mkdir /a; echo hi > /a/f; ln /a/f /a/g; touch /v/more /dev/x /tmp/t';
    await keep('stopped', script, [...flags, '-v', `${volume}:/v`]);
    const check = (archive: Buffer) => {
      const lines = list(archive);
      expect(lines).toEqual(
        expect.arrayContaining([
          'drwxr-xr-x 0/0 0 a/',
          '-rw-r--r-- 0/0 3 a/f',
          'hrw-r--r-- 0/0 0 a/g link to a/f',
          '-rw-r--r-- 0/0 0 tmp/t',
        ]),
      );
      const names = lines.map(line => line.split(' ')[3]);
      expect(names).toEqual(expect.arrayContaining(['v/', 'proc/', 'dev/', 'etc/passwd']));
      for (const name of ['etc/group', 'v/secret', 'v/more', 'dev/x', 'dev/null', 'proc/1/'])
        expect(names).not.toContain(name);
    };
    const exported = await run(['export', '--root', root, 'stopped'], {});
    expect(exported.stderr).toBe('');
    check(exported.stdout);
    const child = start([
      'run',
      ...flags,
      '-v',
      `${volume}:/v`,
      '-i',
      '--name',
      'runs',
      'sh',
      '-c',
      `${script}; cat`,
    ]);
    try {
      await until('its files', async () =>
        (await skiff(['diff', '--root', root, 'runs']).catch(() => '')).includes('/tmp/t'),
      );
      check((await run(['export', '--root', root, 'runs'])).stdout);
    } finally {
      child.stdin.end();
      await new Promise(resolve => child.once('close', resolve));
    }
    await skiff(['rm', '--root', root, 'stopped']);
    remove();
  });
});

test('to a file: whole, or not there', async () => {
  const { path: top, remove } = tempDirectory();
  await keep('file', 'echo hi > /f');
  const target = path.join(top, 'out.tar');
  fs.writeFileSync(target, 'before');
  await skiff(['export', '-o', target, 'file']);
  expect(list(fs.readFileSync(target))).toContain('-rw-r--r-- 0/0 3 f');
  expect(fs.readdirSync(top)).toEqual(['out.tar']);
  expect(await refusal(['export', '-o', path.join(top, 'no/out.tar'), 'file'])).toEqual({
    code: 1,
    stderr: `skiff: invalid output path: directory "${top}/no" does not exist`,
  });
  expect((await refusal(['export', 'nobody'])).code).toBe(1);
  await skiff(['rm', 'file']);
  remove();
});

test('killed in the middle, it leaves nothing: no file, no mount', async () => {
  const { path: top, remove } = tempDirectory();
  await keep('large', 'dd if=/dev/zero of=/zeroes bs=1M count=300 2>/dev/null');
  const mounts = fs
    .readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.includes(fileRoot()));
  const child = start(['export', '-o', path.join(top, 'out.tar'), 'large']);
  const closed = new Promise(resolve => child.once('close', resolve));
  await until('it writes', () => {
    const links = fs.readdirSync(`/proc/${child.pid}/fd`);
    return links.some(fd => {
      try {
        const link = fs.readlinkSync(`/proc/${child.pid}/fd/${fd}`);
        return link.startsWith(`${top}/`) && fs.statSync(`/proc/${child.pid}/fd/${fd}`).size > 1 << 20;
      } catch {
        return false; // closed while we looked
      }
    });
  });
  child.kill('SIGKILL');
  await closed;
  expect(fs.readdirSync(top)).toEqual([]);
  expect(
    fs
      .readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter(line => line.includes(fileRoot())),
  ).toEqual(mounts);
  await skiff(['rm', 'large']);
  remove();
});
