/** Volumes of containers that outlive the command that started them. */
import fs from 'node:fs';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { cliOn, dataOf, entriesOf, failure, told, type Cli } from './support';

let root: string;
let skiff: Cli;

beforeEach(() => {
  root = tempRoot();
  skiff = cliOn(root);
});

afterEach(async () => {
  const ids = await told(skiff('ps', '-aq', '--no-trunc'));
  if (ids) await told(skiff('rm', '-f', '-v', ...ids.split('\n')));
});

const anonymous = () => entriesOf(root).filter(name => /^[0-9a-f]{64}$/.test(name));

test('they keep their volumes when they are started again, and rm -v removes those without a name', async () => {
  await told(
    skiff('create', '--name', 'bird', '-v', 'data:/etc', '-v', '/own', 'sh', '-c', 'ls /own; echo >> /own/x'),
  );
  const [own] = anonymous();
  expect(fs.readdirSync(dataOf(root, 'data'))).toEqual([]);
  expect(await told(skiff('start', '-a', 'bird'))).toBe('');
  // What the image has comes with the first start.
  expect(fs.readdirSync(dataOf(root, 'data'))).toContain('passwd');
  expect(await told(skiff('start', '-a', 'bird'))).toBe('x');
  expect(anonymous()).toEqual([own]);
  expect((await failure(skiff('volume', 'rm', own!))).said).toContain('volume is in use');
  await told(skiff('rm', '-v', 'bird'));
  expect(entriesOf(root)).toEqual(['data']);
});

test('without -v they stay, and are pruned', async () => {
  await told(skiff('run', '-d', '--name', 'bird', '-v', '/own', 'sleep', '1000'));
  expect(await told(skiff('volume', 'prune', '-f'))).toBe('Total reclaimed space: 0B');
  await told(skiff('rm', '-f', 'bird'));
  expect(anonymous()).toHaveLength(1);
  await told(skiff('volume', 'prune', '-f'));
  expect(entriesOf(root)).toEqual([]);
});

test('with --rm they go at its end', async () => {
  await told(skiff('run', '-d', '--rm', '--name', 'bird', '-v', '/own', '-v', 'data:/data', 'sleep', '0.2'));
  await until('removal of the volume', () => anonymous().length === 0, 20_000);
  await told(skiff('run', 'true'));
  expect(entriesOf(root)).toEqual(['data']);
});

test('a start that fails leaves none of its own', async () => {
  const { code } = await failure(skiff('run', '-d', '--name', 'bird', '-v', '/own', 'no-such-program'));
  expect(code).toBe(127);
  expect(entriesOf(root)).toEqual([]);
});

test('volumes from one that runs, and from one that is gone by the next start', async () => {
  await told(
    skiff('run', '-d', '--name', 'first', '-v', '/own', 'sh', '-c', 'echo here > /own/file; sleep 1000'),
  );
  await until('the file', () => fs.existsSync(dataOf(root, anonymous()[0]!, 'file')));
  await told(skiff('create', '--name', 'second', '--volumes-from', 'first', 'cat', '/own/file'));
  await told(skiff('rm', '-f', '-v', 'first'));
  // The second one has it still.
  expect(await told(skiff('start', '-a', 'second'))).toBe('here');
  expect(await told(skiff('start', '-a', 'second'))).toBe('here');
  await told(skiff('rm', '-v', 'second'));
  expect(entriesOf(root)).toEqual([]);
});

test('what happens to volumes is told by events', async () => {
  await told(skiff('volume', 'create', 'data'));
  await told(skiff('run', '-v', '/own', 'true'));
  await told(skiff('volume', 'rm', 'data'));
  const events = fs
    .readFileSync(`${root}/events.jsonl`, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; action: string; id: string })
    .filter(({ type }) => type === 'volume');
  expect(events.map(({ action }) => action)).toEqual(['create', 'create', 'destroy', 'destroy']);
  expect(events[0]).toMatchObject({ id: 'data', attributes: { driver: 'local' } });
  expect(await run(['volume', 'ls', '-q'], { root })).toMatchObject({ code: 0 });
});
