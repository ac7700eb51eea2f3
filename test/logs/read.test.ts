import { readLogs, type LogEntry } from '../../lib/logs';
import { line, textOf, timeText, useLog } from './support';

const log = useLog();

async function entries(options = {}): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  for await (const entry of readLogs(log.path, options, async () => true)) all.push(entry);
  return all;
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    line(`${from + index}`, 'stdout', 'F', (from + index) % 3600),
  );

const shown = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join('');

test('each stream gets what was written to it', async () => {
  log.write('log', line('out'), line('err', 'stderr'), line(''), line('more'));
  expect(await textOf(log.path)).toEqual({ stdout: 'out\n\nmore\n', stderr: 'err\n' });
});

test('bytes that are no text come as they are', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter(byte => byte !== 10));
  log.write('log', line(bytes));
  expect((await textOf(log.path)).stdout).toBe(`${bytes.toString('latin1')}\n`);
  expect((await entries())[0]!.data).toEqual(bytes);
});

test('a line written in parts is one, and has one time', async () => {
  log.write('log', line('a', 'stdout', 'P', 1), line('x', 'stderr', 'F', 2), line('b', 'stdout', 'P', 3));
  log.write('log', line('c', 'stdout', 'F', 4), line('$ ', 'stdout', 'P', 5));
  expect(await textOf(log.path, { timestamps: true })).toEqual({
    stdout: `${timeText(1)} abc\n${timeText(5)} $ `,
    stderr: `${timeText(2)} x\n`,
  });
  expect((await entries()).map(({ data, partial, stream }) => [stream, `${data}`, partial])).toEqual([
    ['stderr', 'x', false],
    ['stdout', 'abc', false],
    ['stdout', '$ ', true],
  ]);
});

test('an entry tells its time to the nanosecond', async () => {
  log.write('log', line('a', 'stdout', 'F', 61));
  const [entry] = await entries();
  expect(entry!.timeNano).toBe(BigInt(Date.UTC(2021, 10, 25, 2, 1, 1)) * 1_000_000n + 123456789n);
  expect(entry!.time.toISOString()).toBe('2021-11-25T02:01:01.123Z');
});

test('a very long line comes in entries of bounded size', async () => {
  const part = Buffer.alloc(16 << 10, 'x');
  for (let count = 0; count < 200; count += 1) log.write('log', line(part, 'stdout', 'P'));
  log.write('log', line('end'));
  const all = await entries();
  expect(all.map(({ data }) => data.length).reduce((sum, length) => sum + length)).toBe(
    200 * part.length + 3,
  );
  expect(Math.max(...all.map(({ data }) => data.length))).toBeLessThanOrEqual(1 << 20);
  expect(all.map(({ partial }) => partial)).toEqual([...all.slice(1).map(() => true), false]);
});

test('rotated files are read from the oldest on', async () => {
  log.write('log.10', line('0'));
  log.write('log.2', line('1'));
  log.write('log.1', line('2'));
  log.write('log', line('3'));
  log.write('log.txt', line('none'));
  log.write('log.01', line('none'));
  expect((await textOf(log.path)).stdout).toBe('0\n1\n2\n3\n');
});

test('a log that ends by its renaming is read to its end', async () => {
  log.write('log.1', line('0'), line('1'));
  expect((await textOf(log.path)).stdout).toBe('0\n1\n');
  expect((await textOf(log.path, { tail: 1 })).stdout).toBe('1\n');
});

test('since and until are inclusive, and a line belongs to the time when it began', async () => {
  log.write('log', ...numbered(0, 10), line('part', 'stdout', 'P', 20), line(' end', 'stdout', 'F', 30));
  expect((await textOf(log.path, { since: timeText(3), until: timeText(5) })).stdout).toBe(shown(3, 6));
  expect((await textOf(log.path, { until: timeText(20), since: timeText(19) })).stdout).toBe('part end\n');
  expect((await textOf(log.path, { since: timeText(21) })).stdout).toBe('');
  expect((await textOf(log.path, { since: '0', until: '999999999999999' })).stdout).toContain('9\n');
});

test.each([0, 1, 2, 7, 29_999, 30_000, 30_001, 59_999, 60_000, 60_001])('the last %i lines', async tail => {
  // More than a block of a mebibyte in each file.
  log.write('log.1', ...numbered(0, 30_000));
  log.write('log', ...numbered(30_000, 60_000));
  const { stdout } = await textOf(log.path, { tail });
  expect(stdout === shown(Math.max(0, 60_000 - tail), 60_000)).toBe(true);
});

test('a line in parts counts as one for tail, and so does one that is not finished', async () => {
  log.write(
    'log',
    line('0'),
    line('a', 'stdout', 'P'),
    line('b', 'stdout', 'P'),
    line('c'),
    line('$', 'stdout', 'P'),
  );
  expect((await textOf(log.path, { tail: 1 })).stdout).toBe('$');
  expect((await textOf(log.path, { tail: 2 })).stdout).toBe('abc\n$');
  expect((await textOf(log.path, { tail: 3 })).stdout).toBe('0\nabc\n$');
});

test.each([-1, 1.5, Number.NaN])('tail %d is refused', async tail => {
  await expect(entries({ tail })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

describe('damage', () => {
  test('torn lines are passed over', async () => {
    log.write('log', line('0'), line('torn').subarray(0, 20), Buffer.from('\n'), line('1'));
    log.write('log', Buffer.from('2026-11-25T02:46:11.12345678Z stdout F short\n\n \n'), line('2'));
    log.write('log', line('not finished').subarray(0, -1));
    expect((await textOf(log.path)).stdout).toBe('0\n1\n2\n');
    expect((await textOf(log.path, { tail: 2 })).stdout).toBe('1\n2\n');
  });

  test.each([1, 4096, (1 << 20) - 1, 5 << 20])('a whole line behind %i NULs is found', async length => {
    log.write('log', line('0'), Buffer.alloc(length), line('1'), line('2'));
    expect((await textOf(log.path)).stdout).toBe('0\n1\n2\n');
    expect((await textOf(log.path, { tail: 2 })).stdout).toBe('1\n2\n');
  });

  test('an empty log and none are nothing to read', async () => {
    expect(await textOf(log.path)).toEqual({ stdout: '', stderr: '' });
    log.write('log');
    expect(await textOf(log.path, { tail: 3 })).toEqual({ stdout: '', stderr: '' });
  });
});
