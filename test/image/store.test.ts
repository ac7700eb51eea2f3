import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { makeTar } from '../workspace/support';
import { bundledTar } from '../../lib/image/bundled';
import { waiting } from '../run/support';
import { directory, file, imagesLeft, writeTar } from './support';

let skiff: Skiff;
let root: string;
let place: { path: string; remove(): void };

beforeEach(async () => {
  root = tempRoot();
  place = tempDirectory();
  skiff = await Skiff.open({ root });
});
afterEach(async () => {
  await skiff.close();
  place.remove();
});

const layersIn = () => fs.readdirSync(path.join(root, 'images/layers')).sort();
const tar = (name: string, ...names: string[]) =>
  writeTar(path.join(place.path, name), [directory('bin'), ...names.map(one => file(one))]);

test('an image is found by name, by name and tag, by its id and the beginning of it', async () => {
  const { id, refs, size } = await skiff.images.import(await tar('a.tar', 'a', 'b'), { ref: 'repo/one:1' });
  expect({ refs, size }).toEqual({ refs: ['repo/one:1'], size: 2 });
  await skiff.images.tag(id, 'repo/one');
  for (const reference of [
    'repo/one',
    'repo/one:1',
    'docker.io/repo/one:1',
    id,
    id.slice(7),
    id.slice(7, 15),
  ]) {
    expect((await skiff.images.inspect(reference)).id).toBe(id);
  }
  for (const reference of ['repo/one:2', 'one', 'localhost/repo/one', 'f'.repeat(64)]) {
    await expect(skiff.images.inspect(reference)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  }
  expect(await skiff.images.find('nothing')).toBeUndefined();
});

test('the same content is one layer, which goes with the last image that has it', async () => {
  const one = await tar('one.tar', 'x');
  const first = await skiff.images.import(one, { ref: 'first', message: 'first' });
  const second = await skiff.images.import(one, { ref: 'second', message: 'second' });
  expect(second.id).not.toBe(first.id);
  expect(second.layers).toEqual(first.layers);
  expect(await skiff.images.remove('first')).toMatchObject({
    untagged: ['first:latest'],
    deleted: [first.id],
  });
  expect(layersIn()).toHaveLength(1);
  expect(await skiff.images.remove('second')).toMatchObject({ deleted: [second.id, ...second.layers] });
  expect(imagesLeft(root)).toEqual([]);
});

test('a name that moves to another image leaves the first without one', async () => {
  const first = await skiff.images.import(await tar('a.tar', 'a'), { ref: 'moving' });
  const second = await skiff.images.import(await tar('b.tar', 'b'), { ref: 'moving' });
  expect((await skiff.images.inspect('moving')).id).toBe(second.id);
  expect((await skiff.images.inspect(first.id)).refs).toEqual([]);
  const { deleted, reclaimedBytes } = await skiff.images.prune();
  expect({ deleted, reclaimedBytes }).toEqual({ deleted: [first.id, ...first.layers], reclaimedBytes: 1 });
  expect((await skiff.images.list()).map(({ id }) => id)).toEqual([second.id]);
});

test('names are taken off one by one; by its id an image with names in two repositories goes by force alone', async () => {
  const { id } = await skiff.images.import(await tar('a.tar', 'a'), { ref: 'a:1' });
  await skiff.images.tag('a:1', 'a:2');
  await skiff.images.tag('a:1', 'b:1');
  expect(await skiff.images.remove('a:1')).toMatchObject({ untagged: ['a:1'], deleted: [] });
  await expect(skiff.images.remove(id)).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    message: expect.stringContaining('image is referenced in multiple repositories'),
  });
  expect((await skiff.images.remove(id, { force: true })).untagged).toEqual(['a:2', 'b:1']);
  expect(imagesLeft(root)).toEqual([]);
});

test('while a container runs, its image and its layers stay', async () => {
  const image = await skiff.images.import(bundledTar(), { ref: 'used', message: 'not the bundled one' });
  const container = await waiting(skiff, { image: 'used' });
  await expect(skiff.images.remove('used')).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    message: expect.stringContaining(`running container ${container.id.slice(0, 12)}`),
  });
  await expect(skiff.images.remove(image.id, { force: true })).rejects.toMatchObject({
    message: expect.stringContaining('cannot be forced'),
  });
  expect(await skiff.images.remove('used', { force: true })).toMatchObject({
    untagged: ['used:latest'],
    deleted: [],
  });
  expect((await skiff.images.prune({ all: true })).deleted).toEqual([]);
  expect(fs.existsSync(image.layerPaths[0]!)).toBe(true);
  await container.remove();
  expect((await skiff.images.prune({ all: true })).deleted).toEqual([image.id, ...image.layers]);
});

test('the bundled image can be named and saved, and cannot be removed', async () => {
  await skiff.images.tag('busybox', 'mine');
  const { id } = await skiff.images.inspect('busybox');
  expect((await skiff.images.inspect('mine')).refs.sort()).toEqual(['busybox:latest', 'mine:latest']);
  await expect(skiff.images.remove('busybox')).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  expect((await skiff.run(['echo', 'hi'], { image: 'mine' })).stdout).toBe('hi\n');
  await skiff.images.remove('mine');
  await expect(skiff.images.remove('busybox')).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  await expect(skiff.images.remove(id)).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  expect((await skiff.run(['echo', 'hi'])).stdout).toBe('hi\n');
});

test('another image can take the name busybox, and give it back', async () => {
  const other = await makeTar([directory('bin')]);
  fs.writeFileSync(path.join(place.path, 'other.tar'), other);
  await skiff.images.import(path.join(place.path, 'other.tar'), { ref: 'busybox' });
  await expect(skiff.run(['true'])).rejects.toMatchObject({ exitCode: 127 });
  await skiff.images.remove('busybox');
  expect((await skiff.run(['echo', 'hi'])).stdout).toBe('hi\n');
});

test("the image's config is honoured, and what is asked for wins over it", async () => {
  await skiff.images.import(bundledTar(), {
    ref: 'configured',
    changes: [
      'ENV A=1 B="two words"',
      'WORKDIR /tmp',
      'USER nobody',
      'ENTRYPOINT ["sh", "-c"]',
      'CMD ["echo $A-$B-$(id -u)-$(pwd)"]',
    ],
  });
  const out = async (options: object, command: string[] = []) =>
    (await skiff.run(command, { image: 'configured', ...options })).stdout.trim();
  expect(await out({})).toBe('1-two words-65534-/tmp');
  expect(await out({ env: { A: '3' }, user: '7', cwd: '/bin' })).toBe('3-two words-7-/bin');
  expect(await out({}, ['echo other'])).toBe('other');
  expect(await out({ entrypoint: 'echo' }, ['plain'])).toBe('plain');
});

test('two images of the same layer keep their own configs', async () => {
  await skiff.images.import(bundledTar(), { ref: 'one', changes: ['ENV WHO=one'] });
  await skiff.images.import(bundledTar(), { ref: 'two', changes: ['ENV WHO=two'] });
  for (const who of ['one', 'two', 'one']) {
    expect((await skiff.run(['sh', '-c', 'echo $WHO'], { image: who })).stdout).toBe(`${who}\n`);
  }
});

test('an abort in the middle leaves nothing', async () => {
  const abort = new AbortController();
  const big = await tar('big.tar', ...Array.from({ length: 3000 }, (_, i) => `f${i}`));
  const importing = skiff.images.import(big, {
    ref: 'big',
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  await expect(importing).rejects.toMatchObject({ code: 'ABORT_ERR' });
  expect(imagesLeft(root)).toEqual([]);
});

test('ten imports and removals at once, of layers that are shared, end with what was asked for', async () => {
  const files = await Promise.all([tar('0.tar', 'x'), tar('1.tar', 'x', 'y'), tar('2.tar', 'z')]);
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const { id } = await skiff.images.import(files[i % 3]!, { ref: `many:${i}`, message: String(i) });
      if (i % 2 === 0) await skiff.images.remove(id);
    }),
  );
  const images = await skiff.images.list();
  expect(images.flatMap(({ refs }) => refs).sort()).toEqual([1, 3, 5, 7, 9].map(i => `many:${i}`));
  for (const { layerPaths } of images) expect(fs.existsSync(layerPaths[0]!)).toBe(true);
});
