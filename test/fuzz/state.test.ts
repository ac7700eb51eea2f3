/** State: a record of a container that is damaged in any way is told or passed over by all that looks at containers. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { main } from '../../lib/cli/main';
import { Skiff } from '../../lib/engine';
import { capture } from '../cli/capture';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { damagedBytes, damagedJson, runs, tolerant } from './support';

const root = tempRoot();
let skiff: Skiff;
let file: string;
let record: string;
beforeAll(async () => {
  skiff = await Skiff.open({ root });
  const { id } = await skiff.create(['true'], {
    name: 'fuzzed',
    labels: { a: 'b' },
    volumes: ['/data'],
    memory: '32m',
  });
  const directory = path.join(root, 'containers', id);
  file = fs
    .readdirSync(directory)
    .map(name => path.join(directory, name))
    .find(name => name.endsWith('.json') && fs.readFileSync(name, 'utf8').includes('"version"'))!;
  record = fs.readFileSync(file, 'utf8');
});
afterAll(async () => {
  fs.writeFileSync(file, record);
  await run(['rm', '-f', 'fuzzed'], { root });
  await skiff.close();
});

async function look(text: string): Promise<void> {
  fs.writeFileSync(file, text);
  await tolerant(() => skiff.list());
  await tolerant(() => skiff.inspect('fuzzed'));
  await tolerant(() => skiff.exec('fuzzed', ['true']));
  for (const args of [
    ['ps', '-a', '-s'],
    ['ps', '-a', '--format', 'json'],
    ['inspect', 'fuzzed'],
    ['top', 'fuzzed'],
  ]) {
    const said = capture();
    await main(['--root', root, ...args]);
    jest.restoreAllMocks();
    // What JavaScript says of a fault in a program.
    expect(said.err).not.toMatch(
      /is not (a |iterable|defined)|Cannot (read|convert|set)|undefined|Invalid (time|array)/,
    );
  }
}

test('damaged values', async () => {
  const values = damagedJson(JSON.parse(record) as object);
  await fc.assert(
    fc.asyncProperty(values, async value => look(JSON.stringify(value) ?? '')),
    runs(500),
  );
});

test('damaged text', async () => {
  await fc.assert(
    fc.asyncProperty(damagedBytes(Buffer.from(record)), async bytes => look(bytes.toString('latin1'))),
    runs(300),
  );
});
