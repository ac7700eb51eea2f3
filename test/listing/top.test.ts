import fs from 'node:fs';
import { run } from '../helpers/run';
import { until } from '../helpers/wait';
import { parseStat } from '../../lib/process/stat';
import type { Container } from '../../lib/engine/options';
import { processesWith, sh, useSkiff } from '../run/support';

const skiff = useSkiff();
let container: Container;
/** The shell, the one with the odd name and its sleep, and the two others. */
const PROCESSES = 5;

beforeAll(async () => {
  // A child with a name that is hard to read, and one in a session of its own.
  const named = 'sh -c \'echo -n "a) (b" >/proc/self/comm; sleep 100; :\'';
  const script = `${named} & setsid sleep 200 & sleep 300; :`;
  container = await skiff().start(sh(script), { name: 'tree', stdin: 'ignore' });
  await until('all processes', () => processesWith(container.pid).length === PROCESSES);
});
afterAll(() => container.remove());

async function top(...args: string[]) {
  const ran = await run(['top', ...args], { root: skiff().root });
  return { ...ran, lines: ran.stdout.toString().split('\n').filter(Boolean) };
}

it('lists all of its processes and no other, as ps -ef', async () => {
  const { lines, code } = await top('tree');
  expect(code).toBe(0);
  expect(lines[0]!.split(/\s+/)).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  const rows = lines.slice(1).map(line => line.split(/\s{3,}/));
  expect(rows.map(row => Number(row[1]))).toEqual(processesWith(container.pid).sort((a, b) => a - b));
  expect(rows[0]).toEqual([
    'root',
    String(container.pid),
    expect.stringMatching(/^\d+$/),
    expect.stringMatching(/^\d+$/),
    expect.stringMatching(/^\d\d:\d\d$/),
    '?',
    '00:00:00',
    expect.stringContaining('sh -c sh -c'),
  ]);
});

it("columns of one's own", async () => {
  const { lines } = await top('tree', '-eo', 'pid,ppid,comm,nlwp=THREADS,rss');
  expect(lines[0]!.split(/\s+/)).toEqual(['PID', 'PPID', 'COMMAND', 'THREADS', 'RSS']);
  const odd = lines.find(line => line.includes('a) (b'))!;
  expect(odd).toMatch(new RegExp(`^\\d+ +${container.pid} +a\\) \\(b +1 +[1-9]\\d*$`));
});

it.each([
  [['aux'], 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND'],
  [['-ef'], 'UID PID PPID C STIME TTY TIME CMD'],
  [['-o', 'pid', '-o', 'user,args'], 'PID USER COMMAND'],
  [['-opid,stat'], 'PID STAT'],
  [['-e'], 'PID TTY TIME CMD'],
])('top tree %j', async (options, heads) => {
  const { lines } = await top('tree', ...options);
  expect(lines[0]!.split(/\s+/).join(' ')).toBe(heads);
  expect(lines.length).toBe(1 + PROCESSES);
});

it('the state and the time are those of ps', async () => {
  const { lines } = await top('tree', '-o', 'stat,etimes,args');
  expect(lines[1]).toMatch(/^SN?s +\d+ +sh -c/);
});

it.each([
  [['tree', '-Z'], 'unsupported option of ps: -Z', 1],
  [['tree', '-o'], 'it needs a list of columns', 1],
  [['tree', '-o', 'pid,colour'], 'unknown column of processes: colour', 1],
  [['nobody'], 'no such container: nobody', 1],
  [[], '"skiff top" requires at least 1 argument.', 125],
])('top %j is refused', async (args, message, code) => {
  const ran = await top(...args);
  expect(ran.stderr).toContain(message);
  expect(ran.code).toBe(code);
});

it('one that does not run has none', async () => {
  await skiff().run(['true'], { keep: true, name: 'over' });
  const { code, stderr } = await top('over');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^skiff: container [0-9a-f]{64} is not running\n/);
  await skiff().remove('over');
});

it('its numbers are those of the kernel', () => {
  const text = fs.readFileSync('/proc/self/stat', 'latin1');
  expect(parseStat(text)).toMatchObject({ pid: process.pid, ppid: process.ppid });
  expect(parseStat('7 (a) (b) S 1 2 3 34817 9 0 0 0 0 0 11 12 13 14 20 0 5 0 99 4096 1')).toMatchObject({
    pid: 7,
    comm: 'a) (b',
    state: 'S',
    ppid: 1,
    tty: 34817,
    utime: 11,
    cstime: 14,
    threads: 5,
    startTime: 99,
  });
});
