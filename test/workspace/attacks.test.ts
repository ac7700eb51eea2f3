import fc from 'fast-check';
import fs from 'node:fs';
import path from 'node:path';
import { createReadOnlyLayer } from '../../lib/workspace';
import { describeTree, makeTar, TestDirectories, type TestEntry } from './support';

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

let top: string;
let outside: string;
let before: string[];
beforeEach(() => {
  top = directories.make();
  outside = path.join(top, 'outside');
  fs.mkdirSync(outside);
  fs.writeFileSync(path.join(outside, 'victim'), 'precious', { mode: 0o600 });
  before = describeTree(outside);
});

async function unpack(entries: TestEntry[]): Promise<string> {
  const tarFile = path.join(top, 'attack.tar');
  fs.writeFileSync(tarFile, await makeTar(entries));
  return (await createReadOnlyLayer({ root: path.join(top, 'root'), tar: tarFile })).path;
}

const symlink = (name: string, linkname: string): TestEntry => ({
  header: { name, type: 'symlink', linkname },
});
const hardLink = (name: string, linkname: string): TestEntry => ({
  header: { name, type: 'link', linkname },
});
const file = (name: string): TestEntry => ({ header: { name, mode: 0o777 }, content: 'evil' });
const directory = (name: string, mode = 0o755): TestEntry => ({ header: { name, type: 'directory', mode } });

describe('refused, with the entry named', () => {
  test.each<[string, (outside: string) => TestEntry[]]>([
    ['../x', () => [file('../x')]],
    ['a/../../x', () => [file('a/../../x')]],
    ['a/..', () => [directory('a/..')]],
    ['./../x', () => [file('./../x')]],
    ['..', () => [directory('..')]],
    ['an absolute name', place => [file(`${place}/new`)]],
    ['a doubled slash', place => [file(`/${place}/new`)]],
    ['a hard link to ..', () => [hardLink('x', '../../../outside/victim')]],
    ['a hard link to an absolute name', place => [hardLink('x', `${place}/victim`)]],
    [
      'a name in an extended header',
      () => [{ header: { name: 'x', pax: { path: '../x' } }, content: 'evil' }],
    ],
    ['the root as a symbolic link', place => [symlink('.', place)]],
    [
      'an attribute of overlayfs',
      () => [
        { header: { name: 'x', pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' } }, content: '' },
      ],
    ],
  ])('%s', async (_, entries) => {
    await expect(unpack([directory('a'), ...entries(outside)])).rejects.toMatchObject({
      name: 'SkiffError',
      message: expect.stringMatching(/tar entry '/),
    });
    expect(describeTree(outside)).toEqual(before);
    expect(fs.readdirSync(top).sort()).toEqual(['attack.tar', 'outside', 'root']);
    expect(fs.readdirSync(path.join(top, 'root/images/layers'))).toEqual([]);
  });
});

test('the error says where the entry leads', async () => {
  await expect(unpack([file('../x')])).rejects.toThrow(
    `unpack: ${path.join(top, 'attack.tar')}: tar entry '../x' leads out of the layer`,
  );
});

describe('never written outside, whatever links say', () => {
  test('through a symbolic link to the outside', async () => {
    await expect(unpack([symlink('link', outside), file('link/new')])).rejects.toThrow(/'?link\/new/);
    await expect(unpack([symlink('link', '../../../../outside'), file('link/victim')])).rejects.toThrow(
      /victim/,
    );
    expect(describeTree(outside)).toEqual(before);
  });

  test('through a link that is valid inside: it resolves inside', async () => {
    const layer = await unpack([directory('usr/lib'), symlink('lib', '/usr/lib'), file('lib/evil.so')]);
    expect(fs.readFileSync(path.join(layer, 'usr/lib/evil.so'), 'utf8')).toBe('evil');
  });

  test('over a symbolic link: the link is replaced, not what it points to', async () => {
    const layer = await unpack([symlink('x', path.join(outside, 'victim')), file('x')]);
    expect(fs.lstatSync(path.join(layer, 'x')).isFile()).toBe(true);
    expect(describeTree(outside)).toEqual(before);
  });

  test('by a hard link to a symbolic link that points outside', async () => {
    const layer = await unpack([symlink('x', path.join(outside, 'victim')), hardLink('y', 'x'), file('y')]);
    expect(fs.readlinkSync(path.join(layer, 'x'))).toBe(path.join(outside, 'victim'));
    expect(describeTree(outside)).toEqual(before);
  });

  test('by a hard link through a link that points outside', async () => {
    await expect(unpack([symlink('out', outside), hardLink('y', 'out/victim')])).rejects.toThrow(/'?y/);
    expect(describeTree(outside)).toEqual(before);
  });

  test('by the mode and times of a directory that became a link under another name', async () => {
    const entries = [
      directory('p'),
      directory('p/d', 0o777),
      symlink('alias', 'p'),
      symlink('alias/d', path.join(outside, 'victim')),
    ];
    const layer = await unpack(entries);
    expect(fs.readlinkSync(path.join(layer, 'p/d'))).toBe(path.join(outside, 'victim'));
    expect(describeTree(outside)).toEqual(before);
  });
});

test('property: no list of entries writes outside', async () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '', 'out', 'in');
  const name = fc.array(part, { minLength: 1, maxLength: 5 }).map(parts => parts.join('/'));
  const entry = fc.record({
    name: fc.oneof(name, fc.string({ minLength: 1, maxLength: 40 })),
    type: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const, 'link' as const),
    target: fc.oneof(name, fc.constantFrom('/', 'OUTSIDE', 'OUTSIDE/victim', '../../../../outside')),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), async entries => {
      const links = [symlink('out', outside), symlink('in', '.')];
      const made = entries.map(({ name: given, type, target }) => ({
        header: { name: given, type, linkname: target.replace('OUTSIDE', outside), mode: 0o777 },
        ...(type === 'file' ? { content: 'evil' } : {}),
      }));
      // Refused or not is told elsewhere; here counts what is outside.
      await unpack([...links, ...made]).catch((error: { name: string }) =>
        expect(error.name).toBe('SkiffError'),
      );
      expect(describeTree(outside)).toEqual(before);
      expect(fs.readdirSync(top).sort()).toEqual(['attack.tar', 'outside', 'root']);
    }),
    { numRuns: 60 },
  );
});
