import path from 'node:path';
import { run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { directory, file, skiff, skiffFails, writeTar } from './support';

let root: string;
let place: { path: string; remove(): void };
let tar: string;

beforeAll(async () => {
  root = tempRoot();
  place = tempDirectory();
  tar = await writeTar(path.join(place.path, 'a.tar'), [directory('d'), file('d/f', 'content')]);
  await skiff(root, 'import', '-m', 'by hand', '-c', 'LABEL a=b', tar, 'first:1');
  await skiff(root, 'tag', 'first:1', 'registry.example:5000/team/second:2');
});
afterAll(() => place.remove());

test('images: columns, quiet, whole ids, one repository, filters, templates', async () => {
  const lines = (await skiff(root, 'images')).split('\n');
  expect(lines[0]).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  expect(lines[1]).toMatch(/^first +1 +[0-9a-f]{12} +.* ago +7B$/);
  expect(lines[2]).toMatch(/^registry\.example:5000\/team\/second +2 /);
  const [id, ...others] = (await skiff(root, 'images', '-q', '--no-trunc')).split('\n');
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(others).toEqual([]);
  expect((await skiff(root, 'images', '--digests')).split('\n')[0]).toContain('DIGEST');
  const names = (...words: string[]) =>
    skiff(root, 'images', '--format', '{{.Repository}}:{{.Tag}}', ...words);
  expect(await names('first')).toBe('first:1');
  expect(await names('first:2')).toBe('');
  expect(await names('-f', 'reference=*/team/*')).toBe('registry.example:5000/team/second:2');
  expect((await names('-f', 'label=a=b')).split('\n')).toHaveLength(2);
  expect(await names('-f', 'label=a=c')).toBe('');
  expect(await names('-f', 'dangling=true')).toBe('');
  expect(
    JSON.parse((await skiff(root, 'images', '--format', 'json', 'first')).split('\n')[0]!),
  ).toMatchObject({
    Repository: 'first',
    Tag: '1',
    Size: '7B',
  });
  expect(await skiff(root, 'image', 'ls', '-q')).toBe(id!.slice(7, 19));
});

test('history and inspect', async () => {
  const [head, row] = (await skiff(root, 'history', 'first:1')).split('\n');
  expect(head).toMatch(/^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$/);
  expect(row).toMatch(/^[0-9a-f]{12} .* 7B +by hand$/);
  const [image] = JSON.parse(await skiff(root, 'image', 'inspect', 'first:1')) as [Record<string, unknown>];
  expect(image).toMatchObject({
    RepoTags: ['first:1', 'registry.example:5000/team/second:2'],
    Os: 'linux',
    Size: 7,
    Config: { Labels: { a: 'b' } },
    RootFS: { Type: 'layers' },
  });
  expect(await skiff(root, 'image', 'inspect', '-f', '{{.Os}}', 'first:1')).toBe('linux');
});

test('what is piped in and out is the same image', async () => {
  const saved = await run(['save', 'first:1'], { root });
  expect(saved.code).toBe(0);
  const other = tempRoot();
  const loaded = await run(['load'], { root: other, input: saved.stdout });
  expect([loaded.stdout.toString(), loaded.stderr]).toEqual(['Loaded image: first:1\n', '']);
  expect(await skiff(other, 'images', '-q')).toBe(await skiff(root, 'images', '-q', 'first'));
  const again = await run(['save', 'first:1'], { root: other });
  expect(again.stdout.equals(saved.stdout)).toBe(true);
  const { code, stdout } = await run(['import', '-', 'piped'], { root: other, input: saved.stdout });
  expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/)]);
  const events = await run(['images'], { root: other });
  expect(events.stdout.toString()).toContain('piped');
});

test.each([
  [['import'], 125, '"skiff import" requires at least 1 argument.'],
  [['import', '/nowhere.tar', 'a'], 1, 'open: /nowhere.tar: no such file or directory'],
  [['import', '--max-size', 'x', 'a', 'b'], 125, 'invalid size'],
  [['import', '-c', 'RUN true', 'TAR'], 125, 'RUN is not a valid change command'],
  [['import', '--max-size', '1k', 'TAR'], 125, 'it unpacks to more than 1 KiB'],
  [['load', '-i', '/nowhere.tar'], 1, 'open: /nowhere.tar: no such file or directory'],
  [['load', '-i', 'TAR'], 125, 'it is no image archive'],
  [['save'], 125, '"skiff save" requires at least 1 argument.'],
  [['save', '-o', '/nowhere/x.tar', 'first:1'], 1, 'write: /nowhere/x.tar: no such directory'],
  [['save', 'nothing'], 1, 'no such image: nothing'],
  [['save', '--format', 'zip', 'first:1'], 125, 'must be docker-archive or oci-archive'],
  [['tag', 'first:1'], 125, '"skiff tag" requires exactly 2 arguments.'],
  [['tag', 'nothing', 'a'], 1, 'no such image: nothing'],
  [['tag', 'first:1', 'A:b'], 1, 'must be lowercase'],
  [['rmi', 'nothing'], 1, 'no such image: nothing'],
  [['rmi', 'a b'], 1, 'invalid reference format'],
  [['history', 'nothing'], 1, 'no such image: nothing'],
  [['image', 'inspect', 'nothing'], 1, 'no such image: nothing'],
  [['images', '-f', 'colour=red'], 1, "invalid filter 'colour'"],
  [['run', 'first:1', 'true'], 127, 'executable file not found'],
])('%j fails with %i', async (words, code, message) => {
  const ran = await skiffFails(root, ...words.map(word => (word === 'TAR' ? tar : word)));
  expect(ran.stderr).toContain(message);
  expect(ran.stderr.split('\n')[0]).toMatch(/^skiff: /);
  expect(ran.code).toBe(code);
});
