import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { identify } from '../../lib/common/identity';
import { run, skiffProgram, start } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { fakeContainer, line, timeText } from './support';

const root = tempRoot();
const id = '4'.repeat(64);

afterEach(() => fs.rmSync(path.join(root, 'containers'), { recursive: true, force: true }));

/** A detached container with that log. */
function withLog(...lines: Buffer[]): string {
  const directory = fakeContainer(root, id, { state: { status: 'exited', exitCode: 0 } });
  fs.writeFileSync(path.join(directory, 'log'), Buffer.concat(lines));
  return directory;
}

const skiff = (...args: string[]) => run(args, { root });

test('stdout goes to stdout and stderr to stderr, byte by byte', async () => {
  withLog(
    line('out \xff'),
    line(Buffer.from([0xff, 0, 0x80])),
    line('err', 'stderr'),
    line('$ ', 'stdout', 'P'),
  );
  const { code, stdout, stderr } = await skiff('logs', id.slice(0, 12));
  const expected = Buffer.concat([
    Buffer.from('out \xff\n'),
    Buffer.from([0xff, 0, 0x80, 10]),
    Buffer.from('$ '),
  ]);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expected, stderr: 'err\n' });
});

test('the flags as Docker has them', async () => {
  withLog(...Array.from({ length: 10 }, (_, second) => line(`${second}`, 'stdout', 'F', second)));
  const shown = async (...flags: string[]) => (await skiff('logs', ...flags, '44444444')).stdout.toString();
  expect(await shown('--tail', '2')).toBe('8\n9\n');
  expect(await shown('-n2')).toBe('8\n9\n');
  expect(await shown('-n', 'all', '--since', timeText(8))).toBe('8\n9\n');
  expect(await shown('--until=2021-11-25T02:00:01Z')).toBe('0\n');
  expect(await shown('-tn1')).toBe(`${timeText(9)} 9\n`);
  expect(await shown('--since', '10m')).toBe('');
  expect(await shown('-n', '-1', '-f')).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n');
});

test('flags may stand behind the name', async () => {
  withLog(line('0'), line('1'));
  expect((await skiff('logs', '44444444', '-n', '1', '-f')).stdout.toString()).toBe('1\n');
  expect((await skiff('logs', '--', '-n', '1')).stderr).toContain('requires exactly 1 argument');
});

test.each([
  [['logs'], 125, '"skiff logs" requires exactly 1 argument.'],
  [['logs', 'a', 'b'], 125, '"skiff logs" requires exactly 1 argument.'],
  [['logs', 'nobody'], 1, 'no such container: nobody'],
  [
    ['logs', '-n', 'few', 'nobody'],
    125,
    'invalid argument "few" for "-n, --tail" flag: must be a number of lines, or all',
  ],
  [
    ['logs', '--since', 'soon', 'nobody'],
    125,
    'invalid argument "soon" for "--since" flag: failed to parse value as time or duration: "soon"',
  ],
])('%j is refused', async (args, exitCode, message) => {
  const { code, stderr } = await skiff(...args);
  expect({ code, first: stderr.split('\n')[0] }).toEqual({ code: exitCode, first: `skiff: ${message}` });
});

test('a container in the foreground has no log', async () => {
  fakeContainer(root, id, { status: 'exited', detached: undefined });
  const { code, stderr } = await skiff('logs', '44444444');
  expect(code).toBe(1);
  expect(stderr).toBe(
    'skiff: container 44444444 has no log: it was not started detached\n' +
      'What a container in the foreground writes is not kept; start it by skiff run -d.\n',
  );
});

describe('logs -f', () => {
  const self = () => identify(process.pid)!;

  async function following(change: (directory: string) => void): Promise<string> {
    const directory = withLog(line('0'));
    fakeContainer(root, id, { state: { status: 'running', monitor: self() } });
    const child = start(['logs', '-f', '44444444'], { root });
    let seen = '';
    child.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()));
    const exited = once(child, 'close');
    await until('the first line', () => seen.length > 0 || undefined);
    change(directory);
    await exited;
    return seen;
  }

  test('ends when the container has ended, and misses nothing that it wrote', async () => {
    const seen = await following(directory => {
      fs.appendFileSync(path.join(directory, 'log'), line('1'));
      fakeContainer(root, id, { state: { status: 'restarting', monitor: self() } });
      fs.renameSync(path.join(directory, 'log'), path.join(directory, 'log.1'));
      fs.appendFileSync(path.join(directory, 'log'), line('2'));
      fakeContainer(root, id, { state: { status: 'exited', monitor: self() } });
    });
    expect(seen).toBe('0\n1\n2\n');
  });

  test('ends when the container was removed', async () => {
    expect(await following(directory => fs.rmSync(directory, { recursive: true }))).toBe('0\n');
  });

  test('ends when its monitor was killed', async () => {
    const seen = await following(() => {
      fakeContainer(root, id, { state: { status: 'running', monitor: { ...self(), startTime: 1 } } });
    });
    expect(seen).toBe('0\n');
  });

  test('ends when nobody reads it any more', async () => {
    withLog(...Array.from({ length: 20_000 }, (_, number) => line(`${number}`)));
    const head = spawn('sh', ['-c', `"${skiffProgram}" logs 44444444 | head -n 1`], {
      env: { ...process.env, SKIFF_ROOT: root },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let written = '';
    for (const stream of [head.stdout, head.stderr]) stream.on('data', (bytes: Buffer) => (written += bytes));
    await once(head, 'close');
    expect(written).toBe('0\n');
  });
});
