/** A layer that a start has just found does not vanish under it: it stays, or the start fails with a reason, and whole. */
import fs from 'node:fs';
import path from 'node:path';
import { ImageStore, type ImageUser } from '../../lib/image/store';
import { run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { writeTar, file, skiff } from './support';
import { bundledTar } from '../../lib/image/bundled';

const place = tempDirectory();
afterAll(() => place.remove());

test('a container that comes while layers are collected keeps its own', async () => {
  const root = tempRoot();
  const tar = await writeTar(path.join(place.path, 'a.tar'), [file('a')]);
  await skiff(root, 'import', tar, 'a:1');
  const layers = path.join(root, 'images', 'layers');
  const [hex] = fs.readdirSync(layers);
  const layer = path.join(layers, hex!);
  fs.rmSync(path.join(root, 'images', 'records'), { recursive: true });
  fs.rmSync(path.join(root, 'images', 'refs.json'));

  const user: ImageUser = { id: 'c'.repeat(64), layers: [layer], running: true };
  const seen: boolean[] = [];
  const users = () => {
    seen.push(fs.existsSync(layer));
    // The first look is before it has a record.
    return seen.length === 1 ? [] : [user];
  };
  expect(await new ImageStore({ root, users }).collectLayers()).toEqual([]);
  // At the second one nobody finds the layer any more.
  expect(seen).toEqual([true, false]);
  expect(fs.readdirSync(layers)).toEqual([hex]);
  expect(fs.readFileSync(path.join(layer, 'a'), 'utf8')).toBe('a');

  expect(await new ImageStore({ root, users: () => [] }).collectLayers()).toEqual([`sha256:${hex}`]);
  expect(fs.readdirSync(layers)).toEqual([]);
});

const layersOf = (root: string, id: string) =>
  (
    JSON.parse(fs.readFileSync(path.join(root, 'containers', id, 'state.json'), 'utf8')) as {
      layers: string[];
    }
  ).layers;

test('starts of an image that is removed and loaded again meanwhile', async () => {
  const root = tempRoot();
  const archive = path.join(place.path, 'image.tar');
  await skiff(root, 'import', bundledTar(), 'mine:1');
  await skiff(root, 'save', '-o', archive, 'mine:1');
  let isDone = false;
  const changes = (async () => {
    while (!isDone) {
      await run(['rmi', '-f', 'mine:1'], { root });
      await run(['load', '-i', archive], { root });
    }
  })();
  const started: string[] = [];
  try {
    for (let round = 0; round < 15; round += 1) {
      const args = round % 3 === 0 ? ['create'] : ['run'];
      const { code, stdout, stderr } = await run([...args, '--image', 'mine:1', 'echo', 'whole'], { root });
      if (code === 0 && args[0] === 'create') {
        const id = stdout.toString().trim();
        expect(layersOf(root, id).every(layer => fs.existsSync(path.join(layer, 'bin')))).toBe(true);
        await skiff(root, 'rm', id);
      } else if (code === 0) expect(stdout.toString()).toBe('whole\n');
      else expect(stderr).toMatch(/^skiff: (no such image: mine:1|read-only layer: \S+: it was removed)/);
      started.push(code === 0 ? 'ran' : 'told');
    }
  } finally {
    isDone = true;
    await changes;
  }
  expect(await skiff(root, 'ps', '-aq')).toBe('');
  expect(await skiff(root, 'images', '-q')).not.toBe('');
  expect(started).toHaveLength(15);
}, 120_000);
