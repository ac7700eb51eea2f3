import fs from 'node:fs';
import path from 'node:path';
import { run, type Ran } from '../helpers/run';
import { output, sh, useSkiff, waiting } from '../run/support';
import { FakeRoot, MINUTE } from './records';

const now = Date.now();
const IMAGE_ID = `sha256:${'ab'.repeat(32)}`;
let root: FakeRoot;
const ids: Record<string, string> = {};

beforeAll(() => {
  root = new FakeRoot();
  const state = (name: string, record: Parameters<FakeRoot['add']>[0]) => (ids[name] = root.add(record));
  state('old', {
    name: 'old',
    created: now - 60 * MINUTE,
    exitCode: 0,
    image: 'alpine:3.20',
    imageId: IMAGE_ID,
    labels: { tier: 'web', env: 'prod' },
  });
  state('failed', {
    name: 'failed',
    created: now - 30 * MINUTE,
    exitCode: 137,
    labels: { tier: 'db' },
    mounts: [
      {
        type: 'volume',
        name: 'data',
        source: '/v/data/_data',
        destination: '/var/lib/data',
        readOnly: false,
      },
      { type: 'bind', source: '/srv/a-long-directory', destination: '/srv', readOnly: true },
    ],
  });
  state('made', {
    name: 'made',
    created: now - 20 * MINUTE,
    status: 'created',
    command: ['sh', '-c', 'echo hello world'],
  });
});
afterAll(() => root.remove());

function ps(...args: string[]): Promise<Ran> {
  return run(['ps', ...args], { root: root.path });
}

async function names(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await ps(...args, '--format', '{{.Names}}');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.toString().split('\n').filter(Boolean);
}

it("lists the newest first, under Docker's heads", async () => {
  const lines = (await ps('-a')).stdout.toString().split('\n');
  expect(lines[0]!.split(/\s{3,}/)).toEqual([
    'CONTAINER ID',
    'IMAGE',
    'COMMAND',
    'CREATED',
    'STATUS',
    'PORTS',
    'NAMES',
  ]);
  expect(lines.slice(1, -1).map(line => line.split(/\s{2,}/))).toEqual([
    [ids.made!.slice(0, 12), 'busybox', '"sh -c \'echo hello w…"', '20 minutes ago', 'Created', 'made'],
    [ids.failed!.slice(0, 12), 'busybox', '"sleep 60"', '30 minutes ago', 'Exited (137)', 'failed'],
    [ids.old!.slice(0, 12), 'alpine:3.20', '"sleep 60"', 'About an hour ago', 'Exited (0)', 'old'],
  ]);
});

it('without -a there are only those that run: none', async () => {
  expect((await ps()).stdout.toString().split('\n').length).toBe(2);
  expect(await names()).toEqual([]);
});

it.each([
  [['-a'], ['made', 'failed', 'old']],
  [
    ['-n', '2'],
    ['made', 'failed'],
  ],
  [['-l'], ['made']],
  [['-a', '-f', 'name=ai'], ['failed']],
  [['-a', '-f', 'name=^/?o'], ['old']],
  [
    ['-a', '-f', 'name=ol', '-f', 'name=ma'],
    ['made', 'old'],
  ],
  [
    ['-a', '-f', 'label=tier'],
    ['failed', 'old'],
  ],
  [['-a', '-f', 'label=tier=web'], ['old']],
  [['-a', '-f', 'label=tier', '-f', 'label=env=prod'], ['old']],
  [['-a', '-f', 'exited=137'], ['failed']],
  [['-a', '-f', 'exited=0'], ['old']],
  [
    ['-f', 'status=exited'],
    ['failed', 'old'],
  ],
  [['-f', 'status=created', '-f', 'status=dead'], ['made']],
  [['-a', '-f', 'ancestor=alpine:3.20'], ['old']],
  [
    ['-a', '-f', 'ancestor=busybox:latest'],
    ['made', 'failed'],
  ],
  [['-a', '-f', `ancestor=${IMAGE_ID.slice(0, 19)}`], ['old']],
  [['-a', '-f', 'volume=data'], ['failed']],
  [['-a', '-f', 'volume=/srv'], ['failed']],
  [['-a', '-f', 'before=failed'], ['old']],
  [['-a', '-f', 'since=failed'], ['made']],
  [['-a', '-f', 'status=exited', '-f', 'name=made'], []],
])('ps %j', async (args, expected) => {
  expect(await names(...args)).toEqual(expected);
});

it.each([
  [['-f', 'color=red'], "invalid filter 'color'", 1],
  [['-f', 'status=sleeping'], "invalid filter 'status=sleeping'", 1],
  [['-f', 'exited=x'], "invalid filter 'exited=x'", 1],
  [
    ['-f', 'name'],
    'invalid argument "name" for "-f, --filter" flag: bad format of filter (expected name=value)',
    125,
  ],
  [['-a', '-f', 'before=nobody'], 'no such container: nobody', 1],
  [['--format', '{{.Nome}}'], `can't evaluate field Nome`, 1],
  [['--format', '{{.ID'], 'template parsing error: template: :1:2: unclosed action', 1],
  [
    ['-n', 'x'],
    'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax',
    125,
  ],
  [['bird'], '"skiff ps" accepts no arguments.', 125],
])('ps %j is refused', async (args, message, code) => {
  const ran = await ps(...args);
  expect(ran.stderr).toContain(message);
  expect({ code: ran.code, stdout: ran.stdout.toString() }).toEqual({ code, stdout: '' });
});

it('-q and --no-trunc give ids', async () => {
  expect((await ps('-aq')).stdout.toString()).toBe(
    ['made', 'failed', 'old'].map(name => `${ids[name]!.slice(0, 12)}\n`).join(''),
  );
  expect((await ps('-aq', '--no-trunc', '-f', 'name=old')).stdout.toString()).toBe(`${ids.old}\n`);
});

it("a table of one's own, and an object a line", async () => {
  const table = await ps(
    '-a',
    '--format',
    'table {{.Names}}\\t{{.Label "tier"}}\\t{{.Mounts}}\\t{{.LocalVolumes}}',
  );
  expect(
    table.stdout
      .toString()
      .split('\n')
      .map(line => line.split(/\s{2,}/)),
  ).toEqual([
    ['NAMES', 'tier', 'MOUNTS', 'LOCAL VOLUMES'],
    ['made', '0'],
    ['failed', 'db', 'data,/srv/a-long-di…', '1'],
    ['old', 'web', '0'],
    [''],
  ]);
  const lines = (await ps('-a', '--format', 'json')).stdout.toString().trim().split('\n');
  expect(lines.map(line => (JSON.parse(line) as { Names: string }).Names)).toEqual(['made', 'failed', 'old']);
  expect(JSON.parse(lines[2]!)).toMatchObject({
    ID: ids.old!.slice(0, 12),
    Image: 'alpine:3.20',
    Command: '"sleep 60"',
    State: 'exited',
    Status: 'Exited (0)',
    Labels: 'tier=web,env=prod',
    Networks: 'none',
  });
});

it('container ls and container list are the same', async () => {
  for (const other of ['ls', 'list']) {
    const ran = await run(['container', other, '-aq'], { root: root.path });
    expect(ran.stdout.toString()).toBe((await ps('-aq')).stdout.toString());
  }
});

it('a record that cannot be read, or is of a later skiff, is told and hides no other', async () => {
  const other = new FakeRoot();
  try {
    other.add({ name: 'good' });
    const broken = other.add({ name: 'broken' });
    const future = other.add({ name: 'future', version: 99 as 1 });
    fs.writeFileSync(path.join(other.path, 'containers', broken, 'process.json'), '');
    fs.writeFileSync(path.join(other.path, 'containers', broken, 'state.json'), '{"version":1,"na');
    const ran = await run(['ps', '-a', '--format', '{{.ID}} {{.Status}}'], { root: other.path });
    expect(
      ran.stdout
        .toString()
        .split('\n')
        .filter(line => line.endsWith('Dead'))
        .map(line => line.split(' ')[0]),
    ).toEqual(expect.arrayContaining([broken.slice(0, 12), future.slice(0, 12)]));
    expect(ran.stdout.toString()).toContain('Exited (0)');
  } finally {
    other.remove();
  }
});

describe('real containers', () => {
  const skiff = useSkiff();

  it('runs, is kept, is gone', async () => {
    const container = await waiting(skiff(), { name: 'real' });
    const running = await run(['ps', '--format', '{{.Names}} {{.State}} {{.Status}}'], {
      root: skiff().root,
    });
    expect(running.stdout.toString()).toMatch(/^real running Up (Less than a second|\d+ seconds?)\n$/);
    await container.remove();
    const gone = await run(['ps', '-aq'], { root: skiff().root });
    expect(gone.stdout.toString()).toBe('');
  });

  it('tells the size of what it wrote, and with its image', async () => {
    await output(skiff(), sh('head -c 5000 /dev/zero > /zeros; ln /zeros /same'), {
      keep: true,
      name: 'sized',
    });
    const ran = await run(['ps', '-as', '-f', 'name=sized'], { root: skiff().root });
    expect(ran.stdout.toString()).toMatch(/NAMES\s+SIZE\n.*sized\s+5kB \(virtual [\d.]+[kM]?B\)\n$/);
    await skiff().remove('sized');
  });
});
