/** Records of images that cannot be read, or are of a later version: told, left alone, in nobody's way; rmi -f removes them. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { file, imagesLeft, skiff, writeTar } from './support';

const place = tempDirectory();
afterAll(() => place.remove());

let root: string;
let id: string;

beforeEach(async () => {
  root = tempRoot();
  const tar = await writeTar(path.join(place.path, 'a.tar'), [file('a')]);
  id = (await skiff(root, 'import', tar, 'bad:1')).replace('sha256:', '');
  await skiff(root, 'import', '-m', 'other', tar, 'good:1');
});

const recordFile = () => path.join(root, 'images', 'records', `${id}.json`);
const layers = () => fs.readdirSync(path.join(root, 'images', 'layers'));

test.each<[string, (text: string) => string, RegExp]>([
  ['empty', () => '', /it is no JSON/],
  ['cut short', text => text.slice(0, text.length / 2), /it is no JSON/],
  ['null', () => 'null', /it has no version/],
  ['without a config', () => '{"version":1,"digests":[]}', /it is no record of an image/],
  [
    'with a config that is none',
    () => '{"version":1,"added":1,"digests":[],"config":"{"}',
    /it has no config of an image/,
  ],
  ['of a later version', () => '{"version":2,"image":"all new"}', /later version of skiff/],
])('%s', async (_, spoil, reason) => {
  const text = spoil(fs.readFileSync(recordFile(), 'utf8'));
  fs.writeFileSync(recordFile(), text);
  const short = id.slice(0, 12);
  const told = `skiff: image store: ${recordFile()}: `;
  const listed = await run(['images', '--format', '{{.Repository}}'], { root });
  expect({ code: listed.code, stdout: listed.stdout.toString() }).toEqual({ code: 0, stdout: 'good\n' });
  expect(listed.stderr).toContain(told);
  expect(listed.stderr).toMatch(reason);
  for (const reference of ['bad:1', short]) {
    for (const command of ['image inspect', 'history', 'save', 'rmi', 'run']) {
      const args = [...command.split(' '), reference, ...(command === 'run' ? ['true'] : [])];
      const { code, stderr } = await run(args, { root });
      expect({ args, code, told: stderr.startsWith(told) }).toEqual({ args, code: 1, told: true });
      expect(stderr).toContain(`\nRemove it by force: skiff rmi -f ${short}\n`);
    }
  }
  // What others do goes on, and takes nothing of it.
  const more = await writeTar(path.join(place.path, 'b.tar'), [file('b')]);
  await skiff(root, 'import', more, 'more:1');
  await skiff(root, 'rmi', 'good:1');
  await skiff(root, 'image', 'prune', '-f', '-a');
  expect(fs.readFileSync(recordFile(), 'utf8')).toBe(text);
  expect(layers()).toContain(
    createHash('sha256')
      .update(fs.readFileSync(path.join(place.path, 'a.tar')))
      .digest('hex'),
  );
  await skiff(root, 'rmi', '-f', short);
  expect(imagesLeft(root)).toEqual([]);
  expect((await run(['images'], { root })).stderr).toBe('');
});
