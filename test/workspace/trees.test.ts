import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { native } from '../../lib/native';
import { isUser } from '../helpers/user-mode';
import { describeTree, TestDirectories } from './support';

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

let top: string;
let tree: string;
beforeEach(() => {
  top = directories.make();
  tree = path.join(top, 'tree');
  fs.mkdirSync(tree);
});

/** `depth` directories in one another, by a program that goes down step by step: the path is longer than PATH_MAX. */
function makeDeep(inside: string, depth: number): void {
  const code = `
import os, sys
os.chdir(sys.argv[1])
for i in range(int(sys.argv[2])):
    os.mkdir("directory-%d" % i); os.chdir("directory-%d" % i); open("file", "w").write("x")`;
  execFileSync('python3', ['-c', code, inside, String(depth)]);
}

function bind(source: string, target: string): void {
  execFileSync('mount', ['--bind', source, target]);
}

describe('removeTrees', () => {
  const remove = (): Promise<void> => native().removeTrees({ paths: [tree] });

  test('20,000 files in 200 directories', async () => {
    for (let i = 0; i < 200; i++) {
      fs.mkdirSync(path.join(tree, `d${i}`));
      for (let j = 0; j < 100; j++) fs.writeFileSync(path.join(tree, `d${i}`, `${j}`), '');
    }
    await remove();
    expect(fs.readdirSync(top)).toEqual([]);
  });

  test('a path deeper than PATH_MAX, with few descriptors', async () => {
    makeDeep(tree, 2000);
    await remove();
    expect(fs.readdirSync(top)).toEqual([]);
  });

  test('directories without permissions, names of any bytes, FIFOs, sockets, links', async () => {
    fs.mkdirSync(path.join(tree, 'locked/inside'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'locked/inside/file'), '');
    fs.chmodSync(path.join(tree, 'locked'), 0);
    fs.writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x0a, 0x5c])]), '');
    execFileSync('mkfifo', [path.join(tree, 'fifo')]);
    fs.symlinkSync('/', path.join(tree, 'root'));
    await remove();
    expect(fs.readdirSync(top)).toEqual([]);
  });

  test('what a link points to stays, also when the tree itself is a link', async () => {
    fs.mkdirSync(path.join(top, 'kept'));
    fs.writeFileSync(path.join(top, 'kept/file'), '');
    fs.symlinkSync(path.join(top, 'kept'), path.join(tree, 'link'));
    await remove();
    fs.symlinkSync(path.join(top, 'kept'), tree);
    await remove();
    expect(fs.readdirSync(top)).toEqual(['kept']);
    expect(fs.readdirSync(path.join(top, 'kept'))).toEqual(['file']);
  });

  test.each(['bind of a directory', 'bind of a file'])(
    'a %s: an error, and nothing behind it is touched',
    async kind => {
      const kept = path.join(top, 'kept');
      fs.mkdirSync(kept);
      fs.writeFileSync(path.join(kept, 'file'), 'precious');
      const [source, target] = [kept, path.join(tree, 'mounted')];
      const isFile = kind.endsWith('file');
      if (isFile) fs.writeFileSync(target, '');
      else fs.mkdirSync(target);
      bind(isFile ? path.join(source, 'file') : source, target);
      try {
        await expect(remove()).rejects.toMatchObject({ code: 'EBUSY', path: target });
        expect(fs.readFileSync(path.join(kept, 'file'), 'utf8')).toBe('precious');
      } finally {
        await native().unmount({ target });
      }
    },
  );

  test('missing is fine, also in the middle of a list', async () => {
    await native().removeTrees({ paths: [path.join(top, 'no'), tree, path.join(top, 'no/thing')] });
    expect(fs.existsSync(tree)).toBe(false);
  });

  test('one tree by four at once: what another one took away is no failure', async () => {
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 10; i++) fs.mkdirSync(path.join(tree, `d${i}`, 'e'), { recursive: true });
      await Promise.all([remove(), remove(), remove(), remove()]);
      expect(fs.existsSync(tree)).toBe(false);
    }
  });
});

describe('remove', () => {
  const removeCgroup = (cgroup: string) =>
    native().remove({ cgroups: [cgroup], mountPoint: path.join(top, 'none'), trees: [] });

  test('a cgroup that was never made, where nothing can be made; one that is there stays, and is told', async () => {
    execFileSync('mount', ['-t', 'tmpfs', 'none', top]);
    try {
      fs.mkdirSync(path.join(top, 'there'));
      execFileSync('mount', ['-o', 'remount,ro', top]);
      expect(await removeCgroup(path.join(top, 'never'))).toMatchObject({ busy: [] });
      await expect(removeCgroup(path.join(top, 'there'))).rejects.toMatchObject({ code: 'EROFS' });
    } finally {
      execFileSync('umount', [top]);
    }
  });
});

describe('a write layer that is a copy', () => {
  let target: string;
  beforeEach(() => {
    target = path.join(top, 'target');
  });

  const copy = (layers: string[], writeLayer: string, skip: string[] = []) =>
    native().makeWriteLayer({
      kind: 'copy',
      layers,
      writeLayer,
      mountPoint: path.join(top, 'mnt'),
      skip,
    });

  test('depth beyond PATH_MAX', async () => {
    makeDeep(tree, 1500);
    await copy([tree], target);
    const code = `
import os, sys
os.chdir(sys.argv[1])
for i in range(1500):
    os.chdir("directory-%d" % i); assert open("file").read() == "x"
print("whole")`;
    expect(execFileSync('python3', ['-c', code, target], { encoding: 'utf8' })).toBe('whole\n');
  });

  test('other mounts and the directories to skip are copied empty', async () => {
    for (const name of ['mounted', 'skipped', 'plain']) {
      fs.mkdirSync(path.join(tree, name), { mode: 0o711 });
      fs.writeFileSync(path.join(tree, name, 'file'), '');
    }
    const mounted = path.join(tree, 'mounted');
    bind(path.join(tree, 'plain'), mounted);
    await copy([tree], target, [path.join(tree, 'skipped')]);
    await native().unmount({ target: mounted });
    expect(fs.readdirSync(path.join(target, 'mounted'))).toEqual([]);
    expect(fs.readdirSync(path.join(target, 'skipped'))).toEqual([]);
    expect(fs.readdirSync(path.join(target, 'plain'))).toEqual(['file']);
    expect(fs.statSync(path.join(target, 'skipped')).mode & 0o777).toBe(0o711);
  });

  test('a copy into a directory of the layer itself ends', async () => {
    const inside = path.join(tree, 'containers/c/writeLayer');
    fs.mkdirSync(path.dirname(inside), { recursive: true });
    fs.writeFileSync(path.join(tree, 'file'), 'x');
    await copy([tree], inside, [path.join(tree, 'containers')]);
    expect(fs.readdirSync(inside).sort()).toEqual(['containers', 'file']);
    expect(fs.readdirSync(path.join(inside, 'containers'))).toEqual([]);
  });

  test('upper layers replace, whiteouts and opaque directories hide', async () => {
    const upper = path.join(top, 'upper');
    for (const directory of ['gone/deep', 'opaque', 'merged', 'becomes-file']) {
      fs.mkdirSync(path.join(tree, directory), { recursive: true });
      fs.writeFileSync(path.join(tree, directory, 'old'), 'old');
    }
    fs.writeFileSync(path.join(tree, 'becomes-directory'), '');
    for (const directory of ['opaque', 'merged', 'becomes-directory']) {
      fs.mkdirSync(path.join(upper, directory), { recursive: true });
      fs.writeFileSync(path.join(upper, directory, 'new'), 'new');
    }
    fs.writeFileSync(path.join(upper, 'becomes-file'), 'file');
    execFileSync('mknod', [path.join(upper, 'gone'), 'c', '0', '0']);
    const code = 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], b"y")';
    const attribute = isUser ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
    execFileSync('python3', ['-c', code, path.join(upper, 'opaque'), attribute]);
    await copy([upper, tree], target);
    expect(fs.readdirSync(target).sort()).toEqual(['becomes-directory', 'becomes-file', 'merged', 'opaque']);
    expect(fs.readdirSync(path.join(target, 'opaque'))).toEqual(['new']);
    expect(fs.readdirSync(path.join(target, 'merged')).sort()).toEqual(['new', 'old']);
    expect(fs.readFileSync(path.join(target, 'becomes-file'), 'utf8')).toBe('file');
    expect(fs.readdirSync(path.join(target, 'becomes-directory'))).toEqual(['new']);
  });

  test('a copy is the same in every respect', async () => {
    fs.writeFileSync(path.join(tree, 'file'), 'x'.repeat(100_000));
    fs.chownSync(path.join(tree, 'file'), 12, 34);
    fs.chmodSync(path.join(tree, 'file'), 0o6711);
    fs.linkSync(path.join(tree, 'file'), path.join(tree, 'link'));
    fs.mkdirSync(path.join(tree, 'dir'));
    fs.symlinkSync('x', path.join(tree, 'dir/symlink'));
    fs.writeFileSync(path.join(tree, 'dir/sparse'), '');
    fs.truncateSync(path.join(tree, 'dir/sparse'), 1 << 24);
    fs.utimesSync(path.join(tree, 'dir'), 1, 2);
    await copy([tree], target);
    expect(describeTree(target)).toEqual(describeTree(tree));
    expect(fs.statSync(path.join(target, 'dir/sparse')).blocks).toBe(0);
    expect(fs.statSync(path.join(target, 'file')).ino).toBe(fs.statSync(path.join(target, 'link')).ino);
  });
});

describe.each([false, true])('readFileInRoot, walk %s', walk => {
  const read = (name: string, maxBytes = 1000): string | undefined =>
    native().readFileInRoot({ root: tree, path: name, maxBytes, walk })?.toString();
  beforeEach(() => {
    fs.mkdirSync(path.join(tree, 'etc/deep'), { recursive: true });
    fs.mkdirSync(path.join(tree, 'usr'));
    fs.writeFileSync(path.join(tree, 'etc/passwd'), 'inside');
    fs.writeFileSync(path.join(top, 'secret'), 'outside');
  });

  test('reads, also with a leading slash, and tells a missing file', () => {
    expect(read('/etc/passwd')).toBe('inside');
    expect(read('etc//./passwd')).toBe('inside');
    expect(read('etc/deep/../passwd')).toBe('inside');
    expect(read('etc/shadow')).toBeUndefined();
    expect(read('etc/passwd/x')).toBeUndefined();
    fs.writeFileSync(path.join(tree, 'empty'), '');
    expect(read('empty')).toBe('');
  });

  test('links and .. do not lead out', () => {
    fs.symlinkSync('/etc', path.join(tree, 'absolute'));
    fs.symlinkSync('../../../../etc/passwd', path.join(tree, 'etc/deep/up'));
    fs.symlinkSync('../etc/passwd', path.join(tree, 'usr/relative'));
    fs.symlinkSync(path.join(top, 'secret'), path.join(tree, 'secret'));
    fs.symlinkSync('loop', path.join(tree, 'loop'));
    expect(read('absolute/passwd')).toBe('inside');
    expect(read('etc/deep/up')).toBe('inside');
    expect(read('usr/relative')).toBe('inside');
    expect(read('../secret')).toBeUndefined();
    expect(read('secret')).toBeUndefined();
    expect(read('../../../../../../etc/passwd')).toBe('inside');
    expect(() => read('loop')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  });

  test('refuses what is no regular file, and what is too large', () => {
    execFileSync('mkfifo', [path.join(tree, 'fifo')]);
    expect(() => read('fifo')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    if (!isUser) {
      execFileSync('mknod', [path.join(tree, 'zero'), 'c', '1', '5']);
      expect(() => read('zero')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    }
    expect(() => read('etc')).toThrow(expect.objectContaining({ code: 'EISDIR' }));
    expect(() => read('etc/passwd', 5)).toThrow(expect.objectContaining({ code: 'EFBIG' }));
    expect(read('etc/passwd', 6)).toBe('inside');
    expect(() => read('x'.repeat(5000))).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }));
  });
});
