import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { addLayer } from '../../lib/layers/layer';
import { layerTar } from '../../lib/layers/layer-tar';
import { StreamSource } from '../../lib/layers/source';
import { TestDirectories } from '../workspace/support';
import { directory, file } from './support';
import { makeTar } from '../workspace/support';

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

let top: string;
beforeEach(() => {
  top = directories.make();
});

/** Unpack a tar and have it written again. */
async function reproduce(tar: Buffer): Promise<{ again: Buffer; layer: string }> {
  const root = path.join(top, 'root');
  async function* pieces() {
    // Borders of chunks fall anywhere.
    for (let at = 0; at < tar.length; at += 10_007) yield tar.subarray(at, at + 10_007);
  }
  const { digest, path: layer } = await addLayer({
    root,
    name: 'test.tar',
    source: new StreamSource(pieces()),
  });
  expect(digest).toBe(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const chunks: Buffer[] = [];
  for await (const chunk of layerTar(root, digest.slice(7))) chunks.push(chunk);
  return { again: Buffer.concat(chunks), layer };
}

/** A tree with one of everything, made by the machine's own programs. */
function makeTree(): string {
  const tree = path.join(top, 'tree');
  execFileSync(
    'sh',
    [
      '-ec',
      `mkdir -p d/e && echo one > d/one && ln d/one d/e/two && ln -s ../one d/e/link
      mkfifo fifo && mknod null c 1 3 && mknod disk b 7 0
      echo x > setuid && chown 1000:2000 setuid && chmod 4755 setuid
      printf 'name' > "$(printf 'n\\377me')" && printf 'long' > ${'l'.repeat(180)}
      mkdir -p ${'deep/'.repeat(30)} && echo deep > ${'deep/'.repeat(30)}file
      truncate -s 20M sparse && echo middle | dd of=sparse bs=1 seek=9000001 conv=notrunc status=none
      head -c 3000000 /dev/urandom > random && : > empty
      touch -d '2001-02-03 04:05:06.123456789' d/one
      python3 -c 'import os; os.setxattr("d/one", "user.test", b"\\0\\xff=\\n"); os.setxattr("setuid", "security.capability", bytes.fromhex("0100000280000000000000000000000000000000"))'`,
    ],
    { cwd: (fs.mkdirSync(tree), tree) },
  );
  return tree;
}

describe.each(['gnu', 'pax', 'oldgnu'])('GNU tar, format %s', format => {
  test.each([
    ['plain', []],
    ['sparse', ['--sparse']],
  ])('%s: the tree is the same, and so is the tar', async (_, options) => {
    const tree = makeTree();
    const xattrs = format === 'pax' ? ['--xattrs', '--xattrs-include=*'] : [];
    const pack = (from: string) =>
      execFileSync('tar', ['--format', format, '--sort=name', ...options, ...xattrs, '-c', '-C', from, '.'], {
        maxBuffer: 64 << 20,
      });
    const tar = pack(tree);
    const { again, layer } = await reproduce(tar);
    expect(again.equals(tar)).toBe(true);
    const tarFile = path.join(top, 'x.tar');
    fs.writeFileSync(tarFile, tar);
    expect(
      execFileSync('tar', ['--compare', ...xattrs, '-f', tarFile, '-C', layer], { stdio: 'pipe' }).toString(),
    ).toBe('');
    expect(fs.statSync(path.join(layer, 'sparse')).blocks).toBeLessThan(100);
  });
});

test.each(['0.0', '0.1', '1.0'])('sparse files of pax version %s', async version => {
  const tree = makeTree();
  const tar = execFileSync(
    'tar',
    ['--format', 'pax', '--sparse', `--sparse-version=${version}`, '-c', '-C', tree, 'sparse'],
    { maxBuffer: 64 << 20 },
  );
  expect(tar.length).toBeLessThan(1 << 20);
  const { again, layer } = await reproduce(tar);
  expect(again.equals(tar)).toBe(true);
  expect(fs.readFileSync(path.join(layer, 'sparse')).equals(fs.readFileSync(path.join(tree, 'sparse')))).toBe(
    true,
  );
});

test('a file with more pieces than one header holds', async () => {
  const tree = path.join(top, 'tree');
  fs.mkdirSync(tree);
  const handle = fs.openSync(path.join(tree, 'comb'), 'w');
  for (let at = 0; at < 60; at += 1) fs.writeSync(handle, 'tooth', at * 65_536);
  fs.closeSync(handle);
  for (const format of ['gnu', 'pax']) {
    const tar = execFileSync('tar', ['--format', format, '--sparse', '-c', '-C', tree, '.'], {
      maxBuffer: 64 << 20,
    });
    const { again, layer } = await reproduce(tar);
    expect(again.equals(tar)).toBe(true);
    expect(fs.readFileSync(path.join(layer, 'comb')).equals(fs.readFileSync(path.join(tree, 'comb')))).toBe(
      true,
    );
  }
});

test('what follows the end mark is part of it, whatever it is', async () => {
  const tar = Buffer.concat([await makeTar([file('x')]), Buffer.alloc(512), Buffer.from('trailing text')]);
  const { again } = await reproduce(tar);
  expect(again.equals(tar)).toBe(true);
});

test('whiteouts, and a file that comes twice', async () => {
  const tar = await makeTar([
    directory('d'),
    file('d/.wh..wh..opq', ''),
    file('d/new', 'new'),
    file('.wh.gone', ''),
    file('same', 'first'),
    file('same', 'first'),
  ]);
  const { again, layer } = await reproduce(tar);
  expect(again.equals(tar)).toBe(true);
  expect(fs.lstatSync(path.join(layer, 'gone')).isCharacterDevice()).toBe(true);
  expect(fs.readdirSync(layer).sort()).toEqual(['d', 'gone', 'same']);
});

test('files whose names other entries take: the tree has the last, the tar has all', async () => {
  const large = 'x'.repeat(3 << 20);
  const tar = await makeTar([
    file('a', 'first'),
    file('a', 'second, longer'),
    file('a', ''),
    file('a', 'last'),
    // Another name keeps what was there.
    file('b', 'old'),
    { header: { name: 'c', type: 'link', linkname: 'b' } },
    file('b', 'new'),
    // A name that was a link before, and so has no content in the tar.
    { header: { name: 'd', type: 'link', linkname: 'c' } },
    { header: { name: 'd', type: 'link', linkname: 'b' } },
    file('d', 'of its own'),
    file('e', large),
    { header: { name: 'e', type: 'symlink', linkname: 'a' } },
    file('f', large),
    directory('f'),
    file('f/a', 'in it'),
    file('./f//a', 'in it once more'),
  ]);
  const { again, layer } = await reproduce(tar);
  expect(again.equals(tar)).toBe(true);
  const read = (name: string) => fs.readFileSync(path.join(layer, name), 'utf8');
  expect(['a', 'b', 'c', 'd', 'f/a'].map(read)).toEqual([
    'last',
    'new',
    'old',
    'of its own',
    'in it once more',
  ]);
  expect(fs.readlinkSync(path.join(layer, 'e'))).toBe('a');
  const facts = path.join(top, 'root', 'images', 'layer-facts', path.basename(layer));
  expect(fs.readdirSync(facts).sort()).toEqual(['facts.json', 'skeleton.gz']);
});

test('what GNU tar appends to an archive, a sparse file among it', async () => {
  const tree = makeTree();
  const tarFile = path.join(top, 'appended.tar');
  const tar = (...args: string[]) => execFileSync('tar', [...args, '-C', tree, '.'], { stdio: 'pipe' });
  tar('--format=gnu', '--sparse', '-cf', tarFile);
  fs.writeFileSync(path.join(tree, 'random'), 'not so random');
  fs.writeFileSync(path.join(tree, 'sparse'), 'full');
  fs.writeFileSync(path.join(tree, 'd', 'one'), 'two');
  tar('--format=gnu', '--sparse', '-rf', tarFile);
  const bytes = fs.readFileSync(tarFile);
  const { again, layer } = await reproduce(bytes);
  expect(again.equals(bytes)).toBe(true);
  for (const name of ['random', 'sparse', 'd/e/two'])
    expect(fs.readFileSync(path.join(layer, name))).toEqual(fs.readFileSync(path.join(tree, name)));
});

test('files that were changed are told, not passed on as what they were', async () => {
  const tar = await makeTar([file('x', 'content'), file('y', 'other')]);
  const { layer } = await reproduce(tar);
  fs.writeFileSync(path.join(layer, 'x'), 'changed');
  const root = path.join(top, 'root');
  const read = async () => {
    for await (const chunk of layerTar(root, path.basename(layer))) void chunk;
  };
  await expect(read()).rejects.toMatchObject({ code: 'LAYER_CHANGED' });
  fs.rmSync(path.join(layer, 'x'));
  await expect(read()).rejects.toMatchObject({ code: 'ENOENT' });
});
