import fs from 'node:fs';
import path from 'node:path';
import { readLogs, readLogText } from '../../lib/logs';
import { until } from '../helpers/wait';
import { line, textOf, useLog, writeLog } from './support';

const log = useLog();
const LINES = 20_000;

/** Numbers of the writer's lines, those of stderr and of stdout each in the order in which they came. */
function numbers(text: string): number[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map(found => Number(/^line (\d+)$/.exec(found)?.[1]));
}

const all = (stderr: boolean) =>
  Array.from({ length: LINES }, (_, number) => number).filter(number => (number % 3 === 0) === stderr);

test('nothing is lost and nothing comes twice while the log is renamed again and again', async () => {
  let written = false;
  const writing = writeLog(log.path, LINES, 16 << 10, 1000).then(() => (written = true));
  const { stdout, stderr } = await textOf(log.path, { follow: true }, async () => written);
  await writing;
  expect(numbers(stdout)).toEqual(all(false));
  expect(numbers(stderr)).toEqual(all(true));
  expect(fs.readdirSync(log.path).length).toBeGreaterThan(20);
});

test('what several renamings at once brought is read in its order', async () => {
  let over = false;
  log.write('log', line('line 0', 'stderr'));
  const reader = readLogText(log.path, { follow: true }, async () => over);
  const seen = { stdout: '', stderr: '' };
  const take = ({ value }: Awaited<ReturnType<typeof reader.next>>) => {
    for (const { stream, data } of value ?? []) seen[stream] += data.toString();
  };
  take(await reader.next());
  await writeLog(log.path, LINES, 64 << 10, 1000);
  over = true;
  for (let step = await reader.next(); !step.done; step = await reader.next()) take(step);
  expect(numbers(seen.stderr)).toEqual([0, ...all(true)]);
  expect(numbers(seen.stdout)).toEqual(all(false));
});

test('where files were deleted before they were read, all of the others is', async () => {
  let over = false;
  const reader = readLogText(log.path, { follow: true }, async () => over);
  log.write('log', line('first'));
  const seen = { stdout: '', stderr: '' };
  const take = ({ value }: Awaited<ReturnType<typeof reader.next>>) => {
    for (const { stream, data } of value ?? []) seen[stream] += data.toString();
  };
  take(await reader.next());
  expect(seen.stdout).toBe('first\n');
  await writeLog(log.path, LINES, 16 << 10, 3);
  over = true;
  const left = await textOf(log.path);
  for (let step = await reader.next(); !step.done; step = await reader.next()) take(step);
  // What the file still held that was being read when it was deleted comes before the others.
  expect(seen.stdout.endsWith(left.stdout)).toBe(true);
  expect(seen.stderr.endsWith(left.stderr)).toBe(true);
  const seenNumbers = numbers(seen.stdout.replace('first\n', ''));
  expect(seenNumbers).toEqual([...new Set(seenNumbers)].sort((one, other) => one - other));
  expect(seenNumbers.at(-1)).toBe(LINES - 1);
  expect(seenNumbers.length).toBeLessThan(all(false).length);
});

test('a log that is not there yet is waited for', async () => {
  let over = false;
  const text = textOf(log.path, { follow: true }, async () => over);
  await new Promise(resolve => setTimeout(resolve, 100));
  log.write('log', line('0'));
  over = true;
  fs.writeFileSync(path.join(log.path, 'state.json'), '');
  expect((await text).stdout).toBe('0\n');
});

test('a beginning of a line comes when it was written, its end when that was', async () => {
  let over = false;
  const reader = readLogs(log.path, { follow: true, tail: 0 }, async () => over);
  log.write('log', line('old'));
  const next = reader.next();
  await new Promise(resolve => setTimeout(resolve, 100));
  log.write('log', line('$ ', 'stdout', 'P'));
  expect((await next).value).toMatchObject({ data: Buffer.from('$ '), partial: true });
  log.write('log', line('ls'));
  expect((await reader.next()).value).toMatchObject({ data: Buffer.from('ls'), partial: false });
  over = true;
  expect((await reader.next()).done).toBe(true);
});

test('of a line that is not all there nothing comes before its end does', async () => {
  let over = false;
  const whole = line('one and two');
  log.write('log', line('0'), whole.subarray(0, 45));
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { data } of readLogs(log.path, { follow: true }, async () => over)) seen.push(`${data}`);
  })();
  await until('the first line', () => seen.length > 0 || undefined);
  log.write('log', whole.subarray(45));
  await until('the second line', () => seen.length > 1 || undefined);
  over = true;
  await reading;
  expect(seen).toEqual(['0', 'one and two']);
});

test('what was taken back of a line, since the disk was full, does not come', async () => {
  let over = false;
  log.write('log', line('0'), line('1').subarray(0, 41));
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { data } of readLogs(log.path, { follow: true }, async () => over)) seen.push(`${data}`);
  })();
  await until('the first line', () => seen.length > 0 || undefined);
  fs.truncateSync(path.join(log.path, 'log'), line('0').length);
  await new Promise(resolve => setTimeout(resolve, 100));
  fs.appendFileSync(path.join(log.path, 'log'), line('22'));
  await until('the second line', () => seen.length > 1 || undefined);
  fs.appendFileSync(path.join(log.path, 'log'), line('3').subarray(0, 41));
  await new Promise(resolve => setTimeout(resolve, 100));
  fs.truncateSync(path.join(log.path, 'log'), line('0').length + line('22').length);
  log.write('log', line('44'));
  await until('the third line', () => seen.length > 2 || undefined);
  over = true;
  await reading;
  expect(seen).toEqual(['0', '22', '44']);
});

test('a log that was emptied is read from its beginning', async () => {
  let over = false;
  log.write('log', line('long enough to be longer than what comes'));
  const reader = readLogs(log.path, { follow: true }, async () => over);
  await reader.next();
  fs.truncateSync(path.join(log.path, 'log'));
  log.write('log', line('new'));
  expect((await reader.next()).value).toMatchObject({ data: Buffer.from('new') });
  over = true;
  expect((await reader.next()).done).toBe(true);
});

test('it ends at the time of until, though the container goes on', async () => {
  log.write('log', line('0'));
  const options = { follow: true, until: new Date(Date.now() + 300) };
  const began = performance.now();
  expect((await textOf(log.path, options, async () => false)).stdout).toBe('0\n');
  expect(performance.now() - began).toBeGreaterThanOrEqual(300);
});

test('an abort ends it, while it waits too', async () => {
  log.write('log', line('0'));
  const abort = new AbortController();
  const reader = readLogs(log.path, { follow: true, signal: abort.signal }, async () => false);
  expect((await reader.next()).value).toMatchObject({ data: Buffer.from('0') });
  const next = reader.next();
  abort.abort();
  await expect(next).rejects.toMatchObject({ code: 'ABORT_ERR' });
  const aborted = readLogs(log.path, { signal: AbortSignal.abort() }, async () => true);
  await expect(aborted.next()).rejects.toMatchObject({ code: 'ABORT_ERR' });
});

test('without follow it ends, however fast the log grows', async () => {
  log.write('log', line('0'));
  const reader = readLogText(log.path, {}, async () => false);
  const first = await reader.next();
  expect(first.value![0]!.data.toString()).toBe('0\n');
  log.write('log', line('1'));
  expect((await reader.next()).done).toBe(true);
});
