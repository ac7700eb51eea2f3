/** Damaged and hostile archives, of one table, for each command that unpacks one. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { entriesOf } from '../files/support';
import { run, type RunSettings } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { itAsRoot, NO_DEVICES } from '../helpers/user-mode';
import { describeTree, makeTar } from '../workspace/support';
import { refused, taken, withDisk, type Archive } from './bad-archives';
import { imagesLeft, skiff } from './support';

/** Of images alone, and of the container that is copied into. */
const root = tempRoot();
const containers = tempRoot();
const place = tempDirectory();
const victim = path.join(place.path, 'victim');
const archive = path.join(place.path, 'archive');
let before: string[];

beforeAll(async () => {
  fs.mkdirSync(victim);
  fs.writeFileSync(path.join(victim, 'file'), 'of the host');
  before = describeTree(victim);
  await skiff(containers, 'create', '--name', 'target', 'echo', 'usable');
});
afterAll(async () => {
  await skiff(containers, 'rm', 'target');
  place.remove();
});

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** What `docker save` would have written of an image with this layer. */
function imageOf({ bytes, tar = bytes }: Archive): Promise<Buffer> {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
  });
  const name = `${sha256(config)}.json`;
  return makeTar([
    { header: { name: 'layer.tar' }, content: bytes },
    { header: { name }, content: config },
    {
      header: { name: 'manifest.json' },
      content: JSON.stringify([{ Config: name, RepoTags: ['made:1'], Layers: ['layer.tar'] }]),
    },
  ]);
}

/** Nothing of an image is listed or left, and the host's directory is as it was. */
async function expectNothingOf(): Promise<void> {
  expect(describeTree(victim)).toEqual(before);
  expect(await skiff(root, 'images', '-a', '-q')).toBe('');
  expect(imagesLeft(root)).toEqual([]);
}

async function refusedBy(args: string[], start: string, reason: RegExp, settings: RunSettings = {}) {
  const { code, stdout, stderr } = await run(args, { root, ...settings });
  const [first = '', ...remedy] = stderr.trimEnd().split('\n');
  expect({ code, stdout: stdout.toString(), start: first.slice(0, start.length) }).toEqual({
    code: args[0] === 'cp' ? 1 : 125,
    stdout: '',
    start,
  });
  expect(first.slice(start.length)).toMatch(reason);
  expect(remedy.length).toBeLessThanOrEqual(1);
}

describe.each(refused)('refused: %s', (_, make, reason) => {
  let bad: Archive;
  beforeAll(async () => {
    bad = await make(victim);
  });

  test('import', async () => {
    fs.writeFileSync(archive, bad.bytes);
    await refusedBy(['import', archive, 'made:1'], `skiff: unpack: ${archive}: `, reason);
    await refusedBy(['import', '-', 'made:1'], 'skiff: unpack: -: ', reason, { input: bad.bytes });
    await expectNothingOf();
  });

  test('load, as a layer and in place of the archive', async () => {
    fs.writeFileSync(archive, await imageOf(bad));
    await refusedBy(['load', '-q', '-i', archive], `skiff: unpack: ${archive}: layer.tar: `, reason);
    fs.writeFileSync(archive, bad.bytes);
    await refusedBy(['load', '-q', '-i', archive], `skiff: load image: ${archive}: `, /./);
    await expectNothingOf();
  });

  test('cp', async () => {
    const settings = { root: containers, input: bad.bytes };
    await refusedBy(['cp', '-', 'target:/tmp'], 'skiff: copy to target: ', reason, settings);
    await expectNothingOf();
    // What came before it may be there; the container is as usable as ever.
    expect(await skiff(containers, 'start', '-a', 'target')).toBe('usable');
  });
});

/** The content of a file of a container's, read from outside. */
async function contentOf(where: string, container: string, directory: string, name: string): Promise<string> {
  const { stdout } = await run(['cp', `${container}:${directory}/.`, '-'], { root: where });
  return entriesOf(stdout).get(name)!.content.toString();
}

describe.each(taken)('taken: %s', (_, make, name, content) => {
  const images = tempRoot();
  let odd: Archive;
  beforeAll(async () => {
    odd = await make();
    fs.writeFileSync(archive, odd.bytes);
  });

  test.each(['import', 'load'])('%s', async command => {
    if (command === 'load') fs.writeFileSync(archive, await imageOf(odd));
    await skiff(
      images,
      ...(command === 'load' ? ['load', '-q', '-i', archive] : ['import', archive, 'made:1']),
    );
    await skiff(images, 'create', '--name', command, 'made:1', 'none');
    expect(await contentOf(images, command, '', name)).toBe(content);
    await skiff(images, 'rm', command);
    await skiff(images, 'rmi', 'made:1');
    expect(imagesLeft(images)).toEqual([]);
  });

  test('cp', async () => {
    const { code, stderr } = await run(['cp', '-', 'target:/tmp'], { root: containers, input: odd.bytes });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await contentOf(containers, 'target', '/tmp', name)).toBe(content);
  });
});

describe('a layer that is not the one of the config, and a bomb', () => {
  test('digest mismatch', async () => {
    const other = await makeTar([{ header: { name: 'other' }, content: 'x' }]);
    fs.writeFileSync(archive, await imageOf({ bytes: await makeTar([]), tar: other }));
    const reason = /digest mismatch: it should be sha256:/;
    await refusedBy(['load', '-q', '-i', archive], `skiff: unpack: ${archive}: layer.tar: `, reason);
    await expectNothingOf();
  });

  test('beyond --max-size', async () => {
    const tar = await makeTar([{ header: { name: 'bomb' }, content: Buffer.alloc(64 << 20) }]);
    const bytes = gzipSync(tar);
    expect(bytes.length).toBeLessThan(1 << 20);
    const reason = /unpacks to more than 16 MiB/;
    fs.writeFileSync(archive, bytes);
    await refusedBy(['import', '--max-size', '16m', archive], `skiff: unpack: ${archive}: `, reason);
    fs.writeFileSync(archive, await imageOf({ bytes, tar }));
    const load = ['load', '-q', '--max-size', '16m', '-i', archive];
    await refusedBy(load, `skiff: unpack: ${archive}: layer.tar: `, reason);
    await expectNothingOf();
  });
});

itAsRoot(NO_DEVICES)('device nodes are made, and no container can use them', async () => {
  const { bytes } = await withDisk();
  await skiff(containers, 'create', '--name', 'disk', 'true');
  const { code } = await run(['cp', '-', 'disk:/tmp'], { root: containers, input: bytes });
  expect(code).toBe(0);
  await skiff(containers, 'commit', 'disk', 'with-disk');
  const { stderr } = await run(['run', 'with-disk', 'head', '-c', '1', '/tmp/disk'], { root: containers });
  expect(stderr).toMatch(/^head: \/tmp\/disk: (Permission denied|Operation not permitted)\n$/);
  await skiff(containers, 'rmi', 'with-disk');
  await skiff(containers, 'rm', 'disk');
  fs.writeFileSync(archive, bytes);
  await skiff(root, 'import', archive, 'disk');
  const saved = await run(['save', 'disk'], { root });
  expect(saved.code).toBe(0);
  await skiff(root, 'rmi', 'disk');
  expect((await run(['load', '-q'], { root, input: saved.stdout })).stdout.toString()).toBe(
    'Loaded image: disk:latest\n',
  );
  await skiff(root, 'rmi', 'disk');
  await expectNothingOf();
});
