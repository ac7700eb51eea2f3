import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { FakeRoot, MINUTE } from './records';

// More than are read at once, twice over, and some of them are no whole records.
const MANY = 300;
const now = Date.now();
let root: FakeRoot;
const ids: string[] = [];

const recordOf = (id: string) => path.join(root.path, 'containers', id, 'state.json');

beforeAll(() => {
  root = new FakeRoot();
  for (let at = 0; at < MANY; at += 1) {
    ids.push(
      root.add({ name: `box-${at}`, created: now - at * MINUTE, command: ['echo', 'café', `"${at}`] }),
    );
  }
});

afterAll(() => root.remove());

/** Name and state of all, in the order of the list. */
async function listed(): Promise<string[]> {
  const { code, stdout, stderr } = await run([
    '--root',
    root.path,
    'ps',
    '-a',
    '--format',
    '{{.Names}} {{.State}}',
  ]);
  expect({ code, stderr: stderr.toString() }).toEqual({ code: 0, stderr: '' });
  return stdout.toString().trimEnd().split('\n');
}

it('lists hundreds as it lists a few, the newest first', async () => {
  expect(await listed()).toEqual(ids.map((_, at) => `box-${at} exited`));
  const { stdout } = await run(['--root', root.path, 'ps', '-a', '--no-trunc', '--format', '{{.Command}}']);
  expect(stdout.toString().split('\n')[7]).toBe(JSON.stringify('echo café "7'));
});

it.each([
  ['cut off within a text', (text: string) => text.slice(0, text.indexOf('busybox') + 3)],
  ['cut off behind a value', (text: string) => text.slice(0, text.indexOf(',"image'))],
  ['two in one', (text: string) => `${text},${text}`],
  ['the text of a name', () => '"gone"'],
  ['nothing', () => ''],
  ['null', () => 'null'],
])('one of hundreds that is not whole hides no other: %s', async (_, damage) => {
  const id = ids[150]!;
  const whole = fs.readFileSync(recordOf(id), 'utf8');
  fs.writeFileSync(recordOf(id), damage(whole));
  // What is detached stays also where its record cannot be read.
  fs.writeFileSync(path.join(path.dirname(recordOf(id)), 'process.json'), '{}');
  try {
    const others = ids.map((_id, at) => `box-${at} exited`).filter((_line, at) => at !== 150);
    expect(await listed()).toEqual([...others, `${id.slice(0, 12)} dead`]);
  } finally {
    fs.writeFileSync(recordOf(id), whole);
  }
});

it('what is no container among hundreds is none', async () => {
  const containers = path.join(root.path, 'containers');
  fs.writeFileSync(path.join(containers, 'note.txt'), 'hello');
  expect(await listed()).toHaveLength(MANY);
});
