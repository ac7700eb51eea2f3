/** Layers from before anything was kept beside their trees: listed, run, told where they cannot be saved, and mended. */
import fs from 'node:fs';
import path from 'node:path';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { file, skiff, skiffFails, writeTar } from './support';

const place = tempDirectory();
afterAll(() => place.remove());

const sizeOf = async (root: string, name: string) => {
  const [image] = JSON.parse(await skiff(root, 'image', 'inspect', name)) as { Size: number }[];
  return image?.Size;
};

const forgetFacts = (root: string) =>
  fs.rmSync(path.join(root, 'images', 'layer-facts'), { recursive: true, force: true });

test.each(['import', 'load'])('%s adds what is missing', async command => {
  const root = tempRoot();
  const tar = await writeTar(path.join(place.path, 'a.tar'), [
    file('d/a', 'a'.repeat(1000)),
    { header: { name: 'd/b', type: 'link', linkname: 'd/a' } },
  ]);
  const saved = path.join(place.path, `${command}.saved.tar`);
  await skiff(root, 'import', tar, 'old:1');
  await skiff(root, 'save', '-o', saved, 'old:1');
  forgetFacts(root);

  expect(await skiff(root, 'images', '--format', '{{.Repository}}:{{.Tag}}')).toBe('old:1');
  expect(await sizeOf(root, 'old:1')).toBe(1000);
  await skiff(root, 'history', 'old:1');
  await skiff(root, 'system', 'df');
  const again = path.join(place.path, `${command}.again.tar`);
  const { code, stderr } = await skiffFails(root, 'save', '-o', again, 'old:1');
  expect({ code, left: fs.existsSync(again) }).toEqual({ code: 125, left: false });
  expect(stderr).toMatch(
    /^skiff: layer: sha256:\w+: it was unpacked before skiff kept how .*\nImport or load/,
  );

  await skiff(root, ...(command === 'import' ? ['import', tar, 'new:1'] : ['load', '-i', saved]));
  await skiff(root, 'save', '-o', again, 'old:1');
  const [before, after] = [saved, again].map(archive => fs.statSync(archive).size);
  expect(after).toBe(before);
  await skiff(root, 'image', 'prune', '-a', '-f');
  expect(fs.readdirSync(path.join(root, 'images', 'layers'))).toEqual([]);
});

test('the bundled image is unpacked once more where it is to be saved', async () => {
  const root = tempRoot();
  await skiff(root, 'run', 'busybox', 'true');
  // It is remembered once its file did not change for a second; that it is listed tells so.
  expect(await skiff(root, 'images', '--format', '{{.Repository}}')).toBe('busybox');
  const size = await sizeOf(root, 'busybox');
  forgetFacts(root);
  await skiff(root, 'run', 'busybox', 'true');
  expect(await skiff(root, 'images', '--format', '{{.Repository}}')).toBe('busybox');
  await skiff(root, 'save', '-o', path.join(place.path, 'busybox.tar'), 'busybox');
  expect(await sizeOf(root, 'busybox')).toBe(size);
});

test('an image whose layer is gone does not stop the others from being listed', async () => {
  const root = tempRoot();
  const tar = await writeTar(path.join(place.path, 'b.tar'), [file('b')]);
  await skiff(root, 'import', tar, 'gone:1');
  for (const part of ['layers', 'layer-facts'])
    fs.rmSync(path.join(root, 'images', part), { recursive: true });
  expect(await skiff(root, 'images', '--format', '{{.Repository}} {{.Size}}')).toBe('gone 0B');
  expect((await skiffFails(root, 'save', '-o', path.join(place.path, 'c.tar'), 'gone:1')).stderr).toMatch(
    /^skiff: layer: sha256:\w+: it is not there/,
  );
});
