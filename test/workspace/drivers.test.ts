import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { native } from '../../lib/native';
import { createMountPoint, createWriteLayer, deleteMountPoint, deleteWriteLayer } from '../../lib/workspace';
import type { StorageDriver } from '../../lib/workspace';
import { AufsDriver } from '../../lib/workspace/drivers/aufs';
import { OverlayDriver } from '../../lib/workspace/drivers/overlay';
import { VfsDriver } from '../../lib/workspace/drivers/vfs';
import { isUser } from '../helpers/user-mode';
import { describeTree, mountsBelow, TestDirectories } from './support';

const ODD_NAMES = ['a,b', 'a:b', 'a\\b', 'a\nb', 'a b', 'a=b', "a'b", '日本', '-rf', '...'];
/** For the path of the root directory itself: separators of every option string, and more than fsconfig(2) takes. */
const ODD_ROOTS = [
  'plain',
  'comma,colon:back\\slash equals=',
  'new\nline',
  path.join(...Array(4).fill('long'.repeat(20))),
];

const SPARSE = 4 << 20;

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

/** Whether the kernel has aufs; where a test run demands it (SKIFF_REQUIRE=aufs), it is run whatever the kernel has. */
const hasAufs = /\taufs$/m.test(fs.readFileSync('/proc/filesystems', 'utf8'));
const aufsIsRequired = (process.env.SKIFF_REQUIRE ?? '').split(',').includes('aufs');

suite('overlay', () => new OverlayDriver());
suite('overlay by mount(2)', () => new OverlayDriver(true));
suite('vfs', () => new VfsDriver());
if (hasAufs || aufsIsRequired) suite('aufs', () => new AufsDriver());
else test.skip('aufs (skipped: the kernel has none, it is not in /proc/filesystems)', () => undefined);

function suite(title: string, makeDriver: () => StorageDriver): void {
  describe(title, () => {
    let home: Container;
    beforeEach(async () => {
      home = await Container.start(makeDriver(), directories.make());
    });
    afterEach(async () => {
      await home.stop();
      expect(mountsBelow(home.top)).toEqual([]);
      expect(fs.readdirSync(home.containerDir)).toEqual([]);
      expect(describeTree(home.layer)).toEqual(home.layerBefore);
    });

    test('shows the layer, with owners, modes and times', () => {
      expect(describeTree(home.at('')).slice(1)).toEqual(home.layerBefore.slice(1));
      expect(fs.statSync(home.at('')).mode).toBe(fs.statSync(home.layer).mode);
    });

    test('creates files, and the host sees them in the write layer', () => {
      fs.writeFileSync(home.at('new'), 'hello');
      fs.mkdirSync(home.at('dir/new'), { recursive: true });
      fs.writeFileSync(home.at('dir/new/file'), 'there');
      expect(fs.readFileSync(home.written('new'), 'utf8')).toBe('hello');
      expect(fs.readFileSync(home.written('dir/new/file'), 'utf8')).toBe('there');
    });

    test('changes a file', () => {
      fs.appendFileSync(home.at('dir/file'), ' and more');
      fs.chmodSync(home.at('dir/file'), 0o4711);
      expect(fs.readFileSync(home.at('dir/file'), 'utf8')).toBe('text and more');
      expect(fs.statSync(home.at('dir/file')).mode & 0o7777).toBe(0o4711);
      expect(fs.readFileSync(home.written('dir/file'), 'utf8')).toBe('text and more');
    });

    test('deletes a file, which stays away', () => {
      fs.unlinkSync(home.at('dir/file'));
      expect(fs.existsSync(home.at('dir/file'))).toBe(false);
      expect(fs.readdirSync(home.at('dir'))).not.toContain('file');
      fs.writeFileSync(home.at('dir/file'), 'again');
      expect(fs.readFileSync(home.at('dir/file'), 'utf8')).toBe('again');
    });

    test('a directory that replaces a deleted one does not show its files', () => {
      fs.rmSync(home.at('dir'), { recursive: true });
      expect(fs.existsSync(home.at('dir'))).toBe(false);
      fs.mkdirSync(home.at('dir'));
      fs.writeFileSync(home.at('dir/only'), '');
      expect(fs.readdirSync(home.at('dir'))).toEqual(['only']);
    });

    test('renames files and directories', () => {
      fs.renameSync(home.at('dir/file'), home.at('moved'));
      expect(fs.readFileSync(home.at('moved'), 'utf8')).toBe('text');
      // rename(2) of a layer's directory may be EXDEV, as between two file systems: mv copies then.
      execFileSync('mv', [home.at('dir'), home.at('moved-dir')]);
      expect(fs.existsSync(home.at('dir'))).toBe(false);
      expect(fs.readFileSync(home.at('moved-dir/deep/leaf'), 'utf8')).toBe('leaf');
      fs.mkdirSync(home.at('young'));
      fs.renameSync(home.at('young'), home.at('older'));
      expect(fs.statSync(home.at('older')).isDirectory()).toBe(true);
    });

    test('makes hard links that share their content', () => {
      fs.linkSync(home.at('dir/file'), home.at('link'));
      fs.appendFileSync(home.at('link'), '!');
      expect(fs.readFileSync(home.at('dir/file'), 'utf8')).toBe('text!');
      // For a user overlay finds no origin of a copied file: a name looked up before keeps the number it had.
      if (!isUser) expect(fs.statSync(home.at('link')).ino).toBe(fs.statSync(home.at('dir/file')).ino);
    });

    test('keeps symbolic links and FIFOs', () => {
      expect(fs.readlinkSync(home.at('symlink'))).toBe('/nowhere');
      expect(fs.lstatSync(home.at('fifo')).isFIFO()).toBe(true);
    });

    test('keeps extended attributes, and takes new ones', () => {
      expect(xattr(home.at('dir/file'), 'user.kept')).toBe('value');
      python('os.setxattr(sys.argv[1], "user.new", b"x")', home.at('dir/file'));
      expect(xattr(home.at('dir/file'), 'user.new')).toBe('x');
      expect(xattr(home.at('dir/file'), 'user.kept')).toBe('value');
    });

    test('reads and writes sparse files', () => {
      expect(fs.statSync(home.at('sparse')).size).toBe(SPARSE);
      fs.writeFileSync(home.at('new-sparse'), '');
      fs.truncateSync(home.at('new-sparse'), SPARSE);
      expect(fs.statSync(home.at('new-sparse')).blocks * 512).toBeLessThan(1 << 20);
      expect(fs.statSync(home.at('sparse')).blocks * 512).toBeLessThan(1 << 20);
    });

    test.each(ODD_NAMES)('takes the name %j', name => {
      expect(fs.readFileSync(home.at(path.join('names', name)), 'utf8')).toBe(name);
      fs.writeFileSync(home.at(name), 'mine');
      fs.unlinkSync(home.at(path.join('names', name)));
      expect(fs.readdirSync(home.at('names'))).not.toContain(name);
      expect(fs.readFileSync(home.written(name), 'utf8')).toBe('mine');
    });
  });

  test.each(ODD_ROOTS)(`${title}: has its directories below %j`, async name => {
    const top = path.join(directories.make(), name);
    fs.mkdirSync(top, { recursive: true });
    const home = await Container.start(makeDriver(), top);
    fs.appendFileSync(home.at('dir/file'), '!');
    expect(fs.readFileSync(home.written('dir/file'), 'utf8')).toBe('text!');
    await home.stop();
    expect(describeTree(home.layer)).toEqual(home.layerBefore);
  });

  test(`${title}: takes 70 layers, the topmost first`, async () => {
    const top = directories.make();
    const layers = Array.from({ length: 70 }, (_, number) => path.join(top, `layer${number}`));
    layers.forEach((layer, number) => {
      fs.mkdirSync(layer);
      fs.writeFileSync(path.join(layer, 'which'), `${number}`);
      fs.writeFileSync(path.join(layer, `only${number}`), '');
    });
    const containerDir = path.join(top, 'containers', 'c');
    fs.mkdirSync(containerDir, { recursive: true });
    const driver = makeDriver();
    await createWriteLayer({ driver, layers, containerDir });
    const mnt = await createMountPoint({ driver, layers, containerDir });
    expect(fs.readFileSync(path.join(mnt, 'which'), 'utf8')).toBe('0');
    expect(fs.readdirSync(mnt)).toHaveLength(71);
    await deleteMountPoint({ containerDir });
    await deleteWriteLayer({ containerDir });
  });

  test(`${title}: keeps the write layer from one mount to the next`, async () => {
    const home = await Container.start(makeDriver(), directories.make());
    fs.writeFileSync(home.at('kept'), 'yes');
    await deleteMountPoint(home);
    await createMountPoint({ driver: home.driver, layers: [home.layer], containerDir: home.containerDir });
    expect(fs.readFileSync(home.at('kept'), 'utf8')).toBe('yes');
    await home.stop();
  });

  test(`${title}: unmounts while a file is open, and twice`, async () => {
    const home = await Container.start(makeDriver(), directories.make());
    const fd = fs.openSync(home.at('dir/file'), 'r');
    try {
      await deleteMountPoint(home);
      await deleteMountPoint(home);
      expect(mountsBelow(home.top)).toEqual([]);
    } finally {
      fs.closeSync(fd);
    }
    await home.stop();
  });
}

/** A layer with some of everything, and a container's file system on it. */
class Container {
  readonly layer: string;
  readonly containerDir: string;
  readonly layerBefore: string[];

  private constructor(
    readonly driver: StorageDriver,
    readonly top: string,
  ) {
    this.layer = path.join(top, 'layer');
    this.containerDir = path.join(top, 'containers', 'c');
    this.layerBefore = describeTree(this.layer);
  }

  static async start(driver: StorageDriver, top: string): Promise<Container> {
    await fillLayer(path.join(top, 'layer'));
    fs.mkdirSync(path.join(top, 'containers', 'c'), { recursive: true });
    const home = new Container(driver, top);
    await createWriteLayer({ driver, layers: [home.layer], containerDir: home.containerDir });
    await createMountPoint({ driver, layers: [home.layer], containerDir: home.containerDir });
    return home;
  }

  at(name: string): string {
    return path.join(this.containerDir, 'mnt', name);
  }

  written(name: string): string {
    return path.join(this.containerDir, 'writeLayer', name);
  }

  async stop(): Promise<void> {
    await deleteMountPoint(this);
    await deleteWriteLayer(this);
  }
}

/** Node has no call for extended attributes; our own unpacking has. */
const WITH_XATTR = {
  kind: 'file' as const,
  name: 'dir/file',
  mode: 0o100644,
  data: Buffer.from('text'),
  size: 4,
  xattrs: [{ name: 'user.kept', value: Buffer.from('value') }],
};

async function fillLayer(layer: string): Promise<void> {
  fs.mkdirSync(path.join(layer, 'dir/deep'), { recursive: true });
  fs.chmodSync(layer, 0o751);
  fs.writeFileSync(path.join(layer, 'dir/deep/leaf'), 'leaf');
  fs.linkSync(path.join(layer, 'dir/deep/leaf'), path.join(layer, 'dir/same-leaf'));
  fs.writeFileSync(path.join(layer, 'setuid'), '', { mode: 0o755 });
  fs.chownSync(path.join(layer, 'setuid'), 1234, 4321);
  fs.chmodSync(path.join(layer, 'setuid'), 0o6755);
  fs.symlinkSync('/nowhere', path.join(layer, 'symlink'));
  execFileSync('mkfifo', [path.join(layer, 'fifo')]);
  fs.writeFileSync(path.join(layer, 'sparse'), 'start');
  fs.truncateSync(path.join(layer, 'sparse'), SPARSE);
  fs.mkdirSync(path.join(layer, 'names'));
  for (const name of ODD_NAMES) fs.writeFileSync(path.join(layer, 'names', name), name);
  await native().unpack({ root: layer, entries: [WITH_XATTR] });
  fs.utimesSync(path.join(layer, 'dir'), 1000000000, 1000000000);
}

function python(code: string, ...args: string[]): string {
  return execFileSync('python3', ['-c', `import os, sys; ${code}`, ...args], { encoding: 'utf8' });
}

function xattr(file: string, name: string): string {
  return python('sys.stdout.write(os.getxattr(sys.argv[1], sys.argv[2]).decode())', file, name);
}
