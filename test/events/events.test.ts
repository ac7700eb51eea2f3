import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { formatTime } from '../../lib/common/time';
import { appendEvent, readEvents, type EventOptions, type SkiffEvent } from '../../lib/state';
import { run, start } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { until } from '../helpers/wait';

let directory: ReturnType<typeof tempDirectory>;
let root: string;
beforeEach(() => {
  directory = tempDirectory();
  root = directory.path;
});
afterEach(() => directory.remove());

const file = () => path.join(root, 'events.jsonl');

function event(action: string, more: Partial<SkiffEvent> = {}): SkiffEvent {
  return {
    timeNano: 1637808371123456789n,
    type: 'container',
    action,
    id: 'ab'.repeat(32),
    attributes: { image: 'busybox:latest', name: 'bird' },
    ...more,
  };
}

async function past(options: EventOptions = {}): Promise<SkiffEvent[]> {
  const all: SkiffEvent[] = [];
  for await (const found of readEvents(root, { follow: false, ...options })) all.push(found);
  return all;
}

/** Events of a writer's process, and what it and the others have to be told apart by. */
async function write(name: string, count: number, padding = 0): Promise<void> {
  const words = [path.join(__dirname, 'writer.js'), root, name, String(count), String(padding)];
  const [code] = await once(
    spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] }),
    'exit',
  );
  expect(code).toBe(0);
}

const numbersOf = (events: readonly SkiffEvent[], name: string) =>
  events
    .filter(({ attributes }) => attributes.name === name)
    .map(({ attributes }) => Number(attributes.number));

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

test('what was written is read, to the nanosecond', async () => {
  appendEvent(root, event('create', { attributes: { name: 'ü\n"\\', a: '' } }));
  appendEvent(root, { type: 'volume', action: 'create', id: 'data', attributes: {} });
  const [first, second, ...rest] = await past();
  expect(first).toEqual(event('create', { attributes: { name: 'ü\n"\\', a: '' } }));
  expect(Number(second!.timeNano / 1_000_000n)).toBeGreaterThan(Date.now() - 60_000);
  expect(rest).toEqual([]);
});

test('events of several processes are whole lines, and a follower gets all of them once while the file is renamed', async () => {
  const writers = ['one', 'two', 'three'];
  const seen: SkiffEvent[] = [];
  const abort = new AbortController();
  const reading = (async () => {
    for await (const found of readEvents(root, { signal: abort.signal })) seen.push(found);
  })().catch((error: { code: string }) => error.code);
  // More than two files of 4 MiB.
  await Promise.all(writers.map(name => write(name, 1200, 3000)));
  await until('the last event', () => seen.length >= 3600 || undefined);
  abort.abort();
  expect(await reading).toBe('ABORT_ERR');
  for (const name of writers) expect(numbersOf(seen, name)).toEqual(upTo(1200));
  expect(fs.readdirSync(root).sort()).toEqual(['events.jsonl', 'events.jsonl.1']);
  for (const name of fs.readdirSync(root)) {
    expect(fs.statSync(path.join(root, name)).size).toBeLessThan((4 << 20) + 64 * 1024);
  }
});

test('a program that only appends may write beside', async () => {
  const line =
    '{"timeNano":1637808371123456789,"type":"container","action":"die","id":"c","attributes":{"name":"c"}}';
  const shell = spawn('sh', [
    '-c',
    `i=0; while [ $i -lt 500 ]; do echo '${line}' >> "$1"; i=$((i+1)); done`,
    'sh',
    file(),
  ]);
  await Promise.all([once(shell, 'exit'), write('node', 500, 300)]);
  const all = await past();
  expect(all.filter(({ id }) => id === 'c')).toHaveLength(500);
  expect(numbersOf(all, 'node')).toEqual(upTo(500));
});

test('a line is no longer than 4 KiB; the longest attributes are cut', async () => {
  appendEvent(
    root,
    event('create', { attributes: { name: 'bird', label: 'é'.repeat(100_000), other: 'x'.repeat(5000) } }),
  );
  const lines = fs.readFileSync(file());
  expect(lines.length).toBeLessThanOrEqual(4096);
  const [found] = await past();
  expect(found!.attributes.name).toBe('bird');
  expect(found!.attributes.label).toMatch(/^é+…$/);
});

test('what cannot be written is no failure', () => {
  expect(appendEvent(path.join(root, 'none'), event('create'))).toBe(false);
});

test("the order of its members is the writer's", async () => {
  const line = `{"type":"container","id":"c","attributes":{"timeNano":"5","a":"\\"timeNano\\":6,"},"action":"die","timeNano":1637808371123456789}\n`;
  fs.writeFileSync(file(), line);
  expect(await past()).toEqual([
    event('die', { id: 'c', attributes: { timeNano: '5', a: '"timeNano":6,' } }),
  ]);
});

test('an event behind a torn one is found', async () => {
  fs.writeFileSync(file(), '{"timeNano":1637808371123456789,"type":"con');
  appendEvent(root, event('start'));
  fs.appendFileSync(
    file(),
    '\0\0\0\nnonsense\n{"timeNano":5}\n{"timeNano":1,"type":1,"action":"a","id":"b","attributes":{}}\n',
  );
  appendEvent(root, event('die'));
  expect((await past()).map(({ action }) => action)).toEqual(['start', 'die']);
});

test('no bytes whatever make the reader fail or lose an event', async () => {
  const junk = fc
    .uint8Array({ maxLength: 100 })
    .map(bytes => Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(junk), { maxLength: 20 }), async pieces => {
      fs.rmSync(file(), { force: true });
      for (const piece of pieces) {
        if (piece) fs.appendFileSync(file(), piece);
        else appendEvent(root, event('start'));
      }
      expect(await past()).toHaveLength(pieces.filter(piece => !piece).length);
    }),
    { numRuns: 100 },
  );
});

describe('filters', () => {
  beforeEach(() => {
    appendEvent(
      root,
      event('start', { attributes: { image: 'busybox:latest', name: 'bird', app: 'web', tier: 'a' } }),
    );
    appendEvent(
      root,
      event('exec_start: sh', {
        id: 'cd'.repeat(32),
        attributes: { image: 'alpine', name: 'fish', app: 'web' },
      }),
    );
    appendEvent(
      root,
      event('tag', { type: 'image', id: `sha256:${'e'.repeat(64)}`, attributes: { name: 'busybox:latest' } }),
    );
    appendEvent(root, event('create', { type: 'volume', id: 'data', attributes: {} }));
  });

  test.each<[EventOptions['filters'], string[]]>([
    [{}, ['start', 'exec_start: sh', 'tag', 'create']],
    [{ type: ['volume', 'image'] }, ['tag', 'create']],
    [{ event: ['start', 'create'] }, ['start', 'create']],
    [{ action: ['exec_start'] }, ['exec_start: sh']],
    [{ container: ['bird'] }, ['start']],
    [{ container: ['cdcd'] }, ['exec_start: sh']],
    [{ container: ['bir'] }, []],
    [{ image: ['busybox'] }, ['start', 'tag']],
    [{ image: ['busybox:latest'] }, ['start', 'tag']],
    [{ label: ['app'] }, ['start', 'exec_start: sh']],
    [{ label: ['app=web', 'tier=a'] }, ['start']],
    [{ volume: ['data'] }, ['create']],
    [{ type: ['container'], image: ['alpine'] }, ['exec_start: sh']],
  ])('%j', async (filters, actions) => {
    expect((await past({ filters })).map(({ action }) => action)).toEqual(actions);
  });

  test('an unknown one is refused', async () => {
    const filters = { color: ['red'] } as EventOptions['filters'];
    await expect(past({ filters })).rejects.toMatchObject({
      code: 'INVALID_FILTER',
      message: "invalid filter 'color'",
    });
  });
});

test('since and until', async () => {
  for (const timeNano of [1n, 2n, 3n]) appendEvent(root, event(`at${timeNano}`, { timeNano }));
  const actions = async (options: EventOptions) => (await past(options)).map(({ action }) => action);
  expect(await actions({ since: 2n })).toEqual(['at2', 'at3']);
  expect(await actions({ until: 2n })).toEqual(['at1', 'at2']);
  expect(await actions({ since: 2n, until: 2n })).toEqual(['at2']);
});

test('it ends at the time of until', async () => {
  const all: SkiffEvent[] = [];
  const end = new Date(Date.now() + 500);
  const reading = (async () => {
    for await (const found of readEvents(root, { since: '1m', until: end })) all.push(found);
  })();
  appendEvent(root, { ...event('now'), timeNano: undefined });
  await reading;
  expect(all.map(({ action }) => action)).toEqual(['now']);
  expect(Date.now()).toBeGreaterThanOrEqual(end.getTime());
});

describe('skiff events', () => {
  test('prints them as Docker does', async () => {
    appendEvent(root, event('start'));
    appendEvent(root, event('create', { type: 'volume', id: 'data', attributes: { x: '\x1b[31m\n' } }));
    const shown = (...flags: string[]) =>
      run(['events', '--since', '0', '--until', '0s', ...flags], { root });
    const { code, stdout, stderr } = await shown();
    const time = formatTime(1637808371123456789n);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.toString()).toBe(
      `${time} container start ${'ab'.repeat(32)} (image=busybox:latest, name=bird)\n` +
        `${time} volume create data (x=\\u001b[31m\\n)\n`,
    );
    const json = (await shown('--format', 'json', '-f', 'type=container')).stdout.toString();
    expect(json).toContain('"timeNano":1637808371123456789}\n');
    expect(JSON.parse(json)).toMatchObject({
      Type: 'container',
      Action: 'start',
      Actor: { ID: 'ab'.repeat(32), Attributes: { name: 'bird' } },
      time: 1637808371,
      from: 'busybox:latest',
    });
  });

  test.each([
    ['{{.Type}} {{.Action}} {{.ID}} {{.From}} {{.Time}}', 'volume create data  1637808371'],
    ['{{.Status}} {{.Scope}} {{.TimeNano}}', 'create local 1637808371123456789'],
    ['{{.Actor.ID}} {{.Actor.Attributes.driver}}{{.Actor.Attributes.none}}', 'data local<no value>'],
    ['{{json .Actor}}', '{"ID":"data","Attributes":{"driver":"local"}}'],
  ])('a template: %s', async (format, line) => {
    appendEvent(root, event('create', { type: 'volume', id: 'data', attributes: { driver: 'local' } }));
    const { code, stdout, stderr } = await run(
      ['events', '--since', '0', '--until', '0s', '--format', format],
      { root },
    );
    expect({ code, stderr, stdout: stdout.toString() }).toEqual({ code: 0, stderr: '', stdout: `${line}\n` });
  });

  test('{{json .}} has the names that JSON has', async () => {
    appendEvent(root, event('create', { type: 'volume', id: 'data', attributes: {} }));
    const shown = async (format: string) =>
      JSON.parse(
        (
          await run(['events', '--since', '0', '--until', '0s', '--format', format], { root })
        ).stdout.toString(),
      ) as object;
    expect(await shown('{{json .}}')).toEqual(await shown('json'));
  });

  test('shows what happens from now on, until it is interrupted', async () => {
    appendEvent(root, event('before'));
    const child = start(['events', '-f', 'event=after'], { root });
    const closed = once(child, 'close');
    let seen = '';
    child.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()));
    // It tells nothing of when it has begun.
    await until('the event', () => {
      appendEvent(root, event('after'));
      return seen.includes('container after') || undefined;
    });
    child.kill('SIGINT');
    expect(await closed).toEqual([null, 'SIGINT']);
    expect(seen).not.toContain('before');
  });

  test.each([
    [['events', 'now'], 125, '"skiff events" accepts no arguments.'],
    [['events', '-f', 'name'], 125, 'bad format of filter (expected name=value)'],
    [['events', '--format', '{{.Colour}}', '--since', '0', '--until', '0s'], 1, 'Colour'],
    [['events', '--format', '{{'], 1, 'template parsing error'],
    [['events', '-f', 'color=red', '--since', '0', '--until', '0s'], 1, "invalid filter 'color'"],
  ])('%j is refused', async (args, exitCode, message) => {
    appendEvent(root, event('start'));
    const { code, stderr } = await run(args, { root });
    expect(code).toBe(exitCode);
    expect(stderr.split('\n')[0]).toContain(message);
  });
});
