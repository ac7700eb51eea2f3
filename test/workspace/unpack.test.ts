import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createReadOnlyLayer, deleteReadOnlyLayer } from '../../lib/workspace';
import { isUser } from '../helpers/user-mode';
import { makeTar, TestDirectories, type TestEntry } from './support';

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

let root: string;
let tarFile: string;
beforeEach(() => {
  const top = directories.make();
  root = path.join(top, 'root');
  tarFile = path.join(top, 'layer.tar');
});

async function unpacked(entries: TestEntry[]): Promise<(name: string) => string> {
  fs.writeFileSync(tarFile, await makeTar(entries));
  const layer = await createReadOnlyLayer({ root, tar: tarFile });
  return name => path.join(layer.path, name);
}

/** All names below the directory of layers: nothing else may be there after a failure. */
function layersLeft(): string[] {
  const directory = path.join(root, 'images', 'layers');
  return fs.existsSync(directory) ? fs.readdirSync(directory) : [];
}

const MTIME = new Date('2001-02-03T04:05:06Z');
const file = (name: string, more: TestEntry['header'] | object = {}): TestEntry => ({
  header: { name, mode: 0o644, mtime: MTIME, ...more },
  content: 'content',
});

test('a tar of GNU tar comes out as it went in', async () => {
  const source = directories.make();
  fs.mkdirSync(path.join(source, 'a/b'), { recursive: true });
  fs.writeFileSync(path.join(source, 'a/b/file'), 'x');
  fs.linkSync(path.join(source, 'a/b/file'), path.join(source, 'a/link'));
  fs.symlinkSync('../elsewhere', path.join(source, 'a/symlink'));
  fs.writeFileSync(path.join(source, 'n'.repeat(200)), 'long name');
  fs.writeFileSync(path.join(source, 'large'), Buffer.alloc(5_000_001, 'large'));
  fs.chmodSync(path.join(source, 'a'), 0o1777);
  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    const skip = format === 'ustar' || format === 'v7' ? ['--exclude=nnn*'] : [];
    execFileSync('tar', ['--format', format, ...skip, '-cf', tarFile, '-C', source, '.']);
    const layer = await createReadOnlyLayer({ root, tar: tarFile });
    expect(() =>
      execFileSync('tar', ['--compare', '-f', tarFile, '-C', layer.path], { stdio: 'pipe' }),
    ).not.toThrow();
    expect(fs.readdirSync(layer.path)).toHaveLength(skip.length > 0 ? 2 : 3);
  }
});

test('owners, modes, times and types are those of the tar', async () => {
  const at = await unpacked([
    { header: { name: './', type: 'directory', mode: 0o711, mtime: MTIME } },
    { header: { name: './dir/', type: 'directory', mode: 0o2750, uid: 7, gid: 8, mtime: MTIME } },
    file('./dir/setuid', { mode: 0o4755, uid: 1000, gid: 2000 }),
    { header: { name: 'fifo', type: 'fifo', mode: 0o622, mtime: MTIME } },
    {
      header: { name: 'null', type: 'character-device', mode: 0o666, devmajor: 1, devminor: 3, mtime: MTIME },
    },
    { header: { name: 'disk', type: 'block-device', mode: 0o660, devmajor: 7, devminor: 260, mtime: MTIME } },
    { header: { name: 'link', type: 'symlink', linkname: '/etc/passwd', mtime: MTIME, uid: 5 } },
  ]);
  const setuid = fs.statSync(at('dir/setuid'));
  expect([setuid.mode & 0o7777, setuid.uid, setuid.gid]).toEqual([0o4755, 1000, 2000]);
  const dir = fs.statSync(at('dir'));
  expect([dir.mode & 0o7777, dir.uid, dir.gid, dir.mtime]).toEqual([0o2750, 7, 8, MTIME]);
  expect(fs.statSync(at('')).mode & 0o7777).toBe(0o711);
  expect(fs.statSync(at('')).mtime).toEqual(MTIME);
  expect(fs.statSync(at('fifo')).isFIFO()).toBe(true);
  if (isUser) expect(fs.readdirSync(at('')).sort()).toEqual(['dir', 'fifo', 'link']);
  else {
    expect(fs.statSync(at('null')).rdev).toBe((1 << 8) | 3);
    expect(fs.statSync(at('disk')).isBlockDevice()).toBe(true);
    expect(fs.statSync(at('disk')).mode & 0o777).toBe(0o660);
  }
  expect(fs.readlinkSync(at('link'))).toBe('/etc/passwd');
  expect([fs.lstatSync(at('link')).uid, fs.lstatSync(at('link')).mtime]).toEqual([5, MTIME]);
});

test('extended headers: attributes with any bytes, large ids, fractions of seconds', async () => {
  // A user has ids up to 65535.
  const [uid, gid] = isUser ? [60_000, 65_000] : [3_000_000, 4_000_000];
  // cap_setuid=ep: bytes that are no UTF-8. tar-stream writes text, so the record is patched into the bytes.
  const capability = Buffer.from('0100000280000000000000000000000000000000', 'hex');
  const placeholder = 'C'.repeat(capability.length);
  const bytes = await makeTar([
    file('cap', { pax: { 'SCHILY.xattr.security.capability': placeholder, 'SCHILY.xattr.user.a': 'b c=d' } }),
    file('owned', { pax: { uid: String(uid), gid: String(gid), mtime: '1000000000.25' } }),
  ]);
  capability.copy(bytes, bytes.indexOf(placeholder));
  fs.writeFileSync(tarFile, bytes);
  const { path: layer } = await createReadOnlyLayer({ root, tar: tarFile });
  const code = 'import os,sys; sys.stdout.write(os.getxattr(sys.argv[1], sys.argv[2]).hex())';
  const xattr = (name: string): string =>
    execFileSync('python3', ['-c', code, path.join(layer, 'cap'), name], { encoding: 'latin1' });
  expect(xattr('security.capability')).toBe(capability.toString('hex'));
  expect(xattr('user.a')).toBe(Buffer.from('b c=d').toString('hex'));
  const owned = fs.statSync(path.join(layer, 'owned'));
  expect([owned.uid, owned.gid, owned.mtimeMs]).toEqual([uid, gid, 1000000000250]);
});

test('names that are not UTF-8 keep their bytes', async () => {
  const bytes = await makeTar([file('NAME-1')]);
  const name = Buffer.from('n\xffm\xe9-1', 'latin1');
  // The name stands at the header's start; the checksum at 148 is over all of its bytes.
  name.copy(bytes, 0);
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  fs.writeFileSync(tarFile, bytes);
  const { path: layer } = await createReadOnlyLayer({ root, tar: tarFile });
  const [entry] = fs.readdirSync(layer, { encoding: 'buffer' });
  expect(entry?.subarray(0, name.length)).toEqual(name);
});

test('blocks of zeroes become holes, in small files and large ones', async () => {
  const large = Buffer.alloc(3 << 20);
  large.write('middle', 1_500_000);
  const small = Buffer.concat([Buffer.from('x'), Buffer.alloc(100_000), Buffer.from('y')]);
  const at = await unpacked([
    { header: { name: 'large' }, content: large },
    { header: { name: 'small' }, content: small },
    { header: { name: 'zeroes' }, content: Buffer.alloc(1 << 20) },
  ]);
  expect(fs.readFileSync(at('large')).equals(large)).toBe(true);
  expect(fs.readFileSync(at('small')).equals(small)).toBe(true);
  expect(fs.statSync(at('large')).blocks * 512).toBeLessThan(65536);
  expect(fs.statSync(at('small')).blocks * 512).toBeLessThan(65536);
  expect(fs.statSync(at('zeroes')).size).toBe(1 << 20);
  expect(fs.statSync(at('zeroes')).blocks).toBe(0);
});

test('later entries replace earlier ones; parents that are missing are made', async () => {
  const at = await unpacked([
    file('deep/er/file'),
    { header: { name: 'same', mode: 0o600 }, content: 'first' },
    { header: { name: 'same', mode: 0o640 }, content: 'second' },
    { header: { name: 'turns', type: 'directory' } },
    { header: { name: 'turns', type: 'symlink', linkname: 'same' } },
    { header: { name: 'back', type: 'symlink', linkname: 'same' } },
    { header: { name: 'back', type: 'directory', mode: 0o700 } },
  ]);
  expect(fs.readFileSync(at('deep/er/file'), 'utf8')).toBe('content');
  expect(fs.readFileSync(at('same'), 'utf8')).toBe('second');
  expect(fs.readlinkSync(at('turns'))).toBe('same');
  expect(fs.statSync(at('back')).isDirectory()).toBe(true);
});

test('gzip is told by the content, and the digest is of the tar in it', async () => {
  const bytes = await makeTar([file('inside')]);
  fs.writeFileSync(tarFile, gzipSync(bytes));
  const layer = await createReadOnlyLayer({ root, tar: tarFile });
  expect(fs.readFileSync(path.join(layer.path, 'inside'), 'utf8')).toBe('content');
  const sum = execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);
  expect(layer).toEqual({ digest: `sha256:${sum}`, path: path.join(root, 'images', 'layers', sum) });
});

test('is unpacked once, also when the file is a copy, and again after its removal', async () => {
  await unpacked([file('x')]);
  fs.utimesSync(tarFile, 1, 1);
  const first = await createReadOnlyLayer({ root, tar: tarFile });
  const inode = fs.statSync(first.path).ino;
  fs.copyFileSync(tarFile, `${tarFile}.copy`);
  await createReadOnlyLayer({ root, tar: `${tarFile}.copy` });
  expect(fs.statSync(first.path).ino).toBe(inode);
  await deleteReadOnlyLayer({ root, digest: first.digest });
  await deleteReadOnlyLayer({ root, digest: first.digest });
  expect(layersLeft()).toEqual([]);
  await createReadOnlyLayer({ root, tar: tarFile });
  expect(fs.existsSync(path.join(first.path, 'x'))).toBe(true);
});

test('a file that settled is not read again, one that changed is', async () => {
  await unpacked([file('one')]);
  await new Promise(resolve => setTimeout(resolve, 1100));
  const first = await createReadOnlyLayer({ root, tar: tarFile });
  expect(fs.readdirSync(path.join(root, 'images', 'tars'))).toHaveLength(1);
  fs.writeFileSync(tarFile, await makeTar([file('two')]));
  const second = await createReadOnlyLayer({ root, tar: tarFile });
  expect(second.digest).not.toBe(first.digest);
  expect(fs.readdirSync(second.path)).toEqual(['two']);
});

describe('broken files', () => {
  test.each([
    ['cut off in a file', (tar: Buffer) => tar.subarray(0, 700)],
    ['cut off in a header', (tar: Buffer) => tar.subarray(0, 1200)],
    ['cut off between two entries', (tar: Buffer) => tar.subarray(0, 1024)],
    ['empty', () => Buffer.alloc(0)],
    ['no tar', () => Buffer.from('hello '.repeat(500))],
    ['a flipped bit in a header', (tar: Buffer) => Buffer.from(tar).fill(0x7f, 20, 21)],
    ['cut off gzip', (tar: Buffer) => gzipSync(tar).subarray(0, 60)],
    ['xz', () => Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(600)])],
  ])('%s: an error that names the file, and nothing is left', async (_, damage) => {
    fs.writeFileSync(tarFile, damage(await makeTar([file('first'), file('second')])));
    await expect(createReadOnlyLayer({ root, tar: tarFile })).rejects.toMatchObject({
      name: 'SkiffError',
      code: 'BROKEN_TAR',
      path: tarFile,
      message: expect.stringContaining(tarFile),
    });
    expect(layersLeft()).toEqual([]);
  });

  test('missing, or no file at all', async () => {
    await expect(createReadOnlyLayer({ root, tar: tarFile })).rejects.toMatchObject({
      code: 'ENOENT',
      path: tarFile,
    });
    await expect(createReadOnlyLayer({ root, tar: '/dev/null' })).rejects.toMatchObject({
      code: 'BROKEN_TAR',
    });
    execFileSync('mkfifo', [tarFile]);
    await expect(createReadOnlyLayer({ root, tar: tarFile })).rejects.toThrow(/not a regular file/);
  });

  test('a root directory with a path that is too long', async () => {
    fs.writeFileSync(tarFile, await makeTar([file('x')]));
    const long = path.join(root, ...Array<string>(20).fill('d'.repeat(200)));
    await expect(createReadOnlyLayer({ root: long, tar: tarFile })).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
  });
});
