/** Commands in containers that outlive who started them: by name from another process, paused, restarted; the events. */
import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, run } from '../helpers/run';
import { until } from '../helpers/wait';
import { canLimit, itWithLimits } from '../helpers/user-mode';
import { commandLine } from '../run/support';
import { restrictionsOf } from './support';
import { Skiff } from '../../lib/engine';

const limit = canLimit ? ['-m', '64m'] : [];
let skiff: Skiff;
let pid: number;

beforeAll(async () => {
  const started = await run(['run', '-d', '--name', 'bird', ...limit, '-e', 'LUCK=bird', 'sleep', '1000']);
  expect(started).toMatchObject({ code: 0, stderr: '' });
  skiff = await Skiff.open({ root: fileRoot() });
  pid = (await skiff.inspect('bird')).pid!;
});
afterAll(async () => {
  await skiff.close();
  expect(await run(['rm', '-f', 'bird'])).toMatchObject({ code: 0 });
});

async function exec(...args: string[]) {
  const { code, stdout, stderr } = await run(['exec', ...args]);
  return { code, stdout: stdout.toString(), stderr };
}

test('is within the same as its own command', async () => {
  await using process = await (await skiff.get('bird')).exec(['cat']);
  expect(restrictionsOf(process.pid)).toEqual(restrictionsOf(pid));
  if (canLimit) expect(restrictionsOf(process.pid).cgroups).toContain('/skiff-');
});

test('sees its environment, by the command line too', async () => {
  expect(await exec('bird', 'sh', '-c', 'echo $LUCK')).toEqual({ code: 0, stdout: 'bird\n', stderr: '' });
});

itWithLimits('is refused while it is paused, and freezes with it', async () => {
  await using process = await skiff.exec('bird', ['cat']);
  await run(['pause', 'bird']);
  expect(await exec('bird', 'true')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/container bird is paused, unpause the container before exec\n/) as string,
  });
  process.stdin!.write('hello\n');
  const state = () => fs.readFileSync(`/proc/${process.pid}/status`, 'latin1');
  let heard = '';
  process.stdout!.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  expect(state()).toMatch(/^State:\s+D/m);
  expect(heard).toBe('');
  await run(['unpause', 'bird']);
  await until('its answer', () => heard === 'hello\n' || undefined);
});

test('goes on being possible after a restart, and is not before', async () => {
  await run(['stop', '-t', '0', 'bird']);
  expect(await exec('bird', 'true')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^skiff: container [0-9a-f]{12} is not running\n$/) as string,
  });
  await run(['start', 'bird']);
  pid = (await skiff.inspect('bird')).pid!;
  expect(commandLine(pid)).toBe('sleep 1000');
  expect((await exec('bird', 'echo', 'again')).stdout).toBe('again\n');
});

test('its events: created, started, and its end with the exit code', async () => {
  const before = events().length;
  await skiff.execToEnd('bird', ['sh', '-c', 'exit 6']);
  const told = events().slice(before);
  expect(told.map(({ action }) => action)).toEqual(['exec_create', 'exec_start', 'exec_die']);
  expect(new Set(told.map(({ attributes }) => attributes.execID)).size).toBe(1);
  expect(told[2]!.attributes).toMatchObject({ name: 'bird', image: 'busybox', exitCode: '6' });
});

function events(): { action: string; attributes: Record<string, string> }[] {
  const lines = fs.readFileSync(path.join(fileRoot(), 'events.jsonl'), 'utf8').split('\n').filter(Boolean);
  return lines.map(line => JSON.parse(line) as { action: string; attributes: Record<string, string> });
}
