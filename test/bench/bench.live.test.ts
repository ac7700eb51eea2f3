/**
 * The benchmark itself, with few rounds: real containers, the floor program, the peers that are there. And that it can
 * fail: a pause in one phase is a regression, and is told by that phase's name.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchPhases, benchStarts, benchTti } from '../../lib/bench/bench';
import { buildProgram, floorThroughput } from '../../lib/bench/floor';
import { measure } from '../../lib/bench/measure';
import { BETWEEN, type PhasesResult } from '../../lib/bench/phases';
import { findRatio, type BenchResult } from '../../lib/bench/results';
import { BenchSession } from '../../lib/bench/session';
import benchCommand from '../../lib/commands/bench';
import { native } from '../../lib/native';
import { capture } from '../cli/capture';
import { describeIf } from '../helpers/conditions';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';

const describeRoot = describeIf(
  process.geteuid?.() === 0 && canLimit,
  'root is needed to start containers with the limits that are measured',
  'root',
);
const ROUNDS = 12;

/** Every cgroup of a floor program and every mount below a directory: nothing of either may be left. */
function remains(directory: string): string[] {
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const files = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
  return [...mounts.filter(line => line.includes(directory)), ...files];
}

describeRoot('bench', () => {
  afterEach(() => jest.restoreAllMocks());

  test('measures its own rows, tells what is missing, and leaves nothing', async () => {
    const parent = tempRoot();
    const result = await benchStarts({
      parent,
      rounds: 3,
      only: ['floor', 'skiff API', 'spawn', 'nosuch'],
      peers: ['nosuch'],
    });
    expect(result.rows.map(({ name, count, failed }) => [name, count, failed])).toEqual([
      ['floor', 3, 0],
      ['skiff API', 3, 0],
      ['spawn', 3, 0],
    ]);
    expect(result.missing).toEqual([expect.objectContaining({ name: 'nosuch' })]);
    expect(findRatio(result, 'skiff API', 'floor')!.median).toBeGreaterThan(0);
    expect(remains(parent)).toEqual([]);
  });

  test('a pause in one phase fails --check with exit code 1, and --phases names it', async () => {
    const [parent, out] = [tempRoot(), tempDirectory()];
    const bench = async (...args: string[]) => {
      const captured = capture();
      const code = await benchCommand.execute(
        ['--root', parent, '--rounds', String(ROUNDS), ...args],
        async () => 0,
        new Map(),
      );
      jest.restoreAllMocks();
      return { code, out: captured.out };
    };
    const rows = ['--only', 'floor,skiff API'];
    try {
      expect((await bench(...rows, '--out', out.path)).code).toBe(0);
      const stored = path.join(out.path, 'bench.json');
      const before = JSON.parse(fs.readFileSync(stored, 'utf8')) as BenchResult;
      const floor = before.rows.find(({ name }) => name === 'floor')!.median;
      // 5 ms on a quiet machine, where the floor takes 1; where all is slower and less steady, as much more.
      const pauseMs = Math.max(5, floor * 5);
      slowDown(pauseMs);
      const checked = await bench(...rows, '--check', stored);
      expect(checked.out).toMatch(/^skiff API \/ floor .+ REGRESSION$/m);
      expect(checked.code).toBe(1);
      slowDown(pauseMs);
      expect((await bench('--phases', '--out', out.path)).out).toMatch(/^Longest: to the thread pool\.$/m);
      const slow = JSON.parse(fs.readFileSync(path.join(out.path, 'phases.json'), 'utf8')) as PhasesResult;
      const plain = JSON.parse((await bench('--phases', '--format', 'json')).out) as PhasesResult;
      const medianOf = ({ phases }: PhasesResult, name: string) =>
        phases.find(phase => phase.name === name)?.medianMs ?? 0;
      const grown = slow.phases
        .map(({ name }) => ({ name, by: medianOf(slow, name) - medianOf(plain, name) }))
        .sort((one, other) => other.by - one.by);
      expect(grown[0]!.name).toBe('to the thread pool');
      expect(remains(parent)).toEqual([]);
    } finally {
      out.remove();
    }
  }, 120_000);

  test('the phases add up to the whole', async () => {
    const { phases, covered, complete, longest, wholeMs } = await benchPhases({
      parent: tempRoot(),
      rounds: ROUNDS,
    });
    expect(phases.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(phases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['clone', 'cgroup', 'send GO', 'set up', 'command: execve to exit notice']),
    );
    expect(wholeMs).toBeGreaterThan(0);
    // On a quiet machine 0.96 and more; here others may run between two steps.
    expect(covered).toBeGreaterThan(0.6);
    const between = phases.find(({ name }) => name === BETWEEN)?.share ?? 0;
    expect(covered + between).toBeCloseTo(1, 6);
    expect(complete).toBe(between <= 0.05);
    expect(Math.max(...phases.map(({ medianMs }) => medianMs))).toBe(
      phases.find(({ name }) => name === longest)!.medianMs,
    );
  });

  test('time to interactive: every start answers, in each order of arrival', async () => {
    const parent = tempRoot();
    const { tti } = await benchTti({ parent, rounds: 3 });
    const starts = ['sequential', 'staggered', 'at once'].flatMap(arrival => [
      [arrival, 'skiff', 3, 1],
      [arrival, 'spawn', 3, 1],
    ]);
    expect(tti.map(({ arrival, name, count, success }) => [arrival, name, count, success])).toEqual(starts);
    for (const { min, median, p95, p99 } of tti) {
      const ordered = [min, median, p95, p99];
      expect([...ordered].sort((a, b) => a - b)).toEqual(ordered);
    }
    expect(remains(parent)).toEqual([]);
  }, 60_000);

  test('a row that fails is told and does not stop the others', async () => {
    const row = (name: string, round: () => Promise<number>) => ({ name, title: name, does: [], round });
    const rows = [row('good', async () => 1), row('bad', () => Promise.reject(new Error('no luck')))];
    const [good, bad] = await measure(rows, { rounds: 3, warmUp: 1, limitMs: 60_000 });
    expect(good!.times).toEqual([1, 1, 1]);
    expect(bad).toMatchObject({ times: [undefined, undefined, undefined], failure: 'no luck' });
  });

  test('rounds are interleaved, and no round is begun after the limit', async () => {
    const order: string[] = [];
    const row = (name: string) => ({
      name,
      title: name,
      does: [],
      round: async () => {
        order.push(name);
        await sleep(20);
        return 1;
      },
    });
    const [first] = await measure([row('a'), row('b')], { rounds: 1000, warmUp: 1, limitMs: 100 });
    expect(order.join('')).toMatch(/^(ab)+$/);
    expect(first!.times.length).toBeGreaterThan(0);
    expect(first!.times.length).toBeLessThan(10);
  });
});

describeRoot('the floor program', () => {
  let session: BenchSession;
  beforeAll(async () => {
    session = await BenchSession.open({ parent: tempRoot() });
  });
  afterAll(() => session.close());

  test('prints a time for each round, and leaves nothing', () => {
    const { program, layer, root } = session.floor!;
    const output = execFileSync(program, ['--rounds', '4', '--layer', layer, '--root', root], {
      encoding: 'utf8',
    });
    expect(output).toMatch(/^(\d+\n){4}$/);
    expect(remains(root)).toEqual([]);
  });

  test('runs in several processes at once', async () => {
    expect(await floorThroughput(session.floor!, { rounds: 3, parallel: 2 })).toBeGreaterThan(0);
    expect(remains(session.floor!.root)).toEqual([]);
  });

  test.each([
    [['--rounds', '0'], /--rounds/],
    [['--layer', '/nosuch', '--root', '/'], /\/nosuch/],
    [['--root', '/'], /usage/],
    [['--frobnicate', '1'], /--frobnicate/],
  ])('%j is refused by name', (args, message) => {
    expect(() => execFileSync(session.floor!.program, args, { stdio: 'pipe' })).toThrow(message);
  });

  test('where it can not be compiled the reason is told', async () => {
    await expect(buildProgram('floor', path.join(session.directory, 'nosuch'))).rejects.toThrow(/nosuch/);
  });
});

/** Every start waits before its work in the thread pool begins. */
function slowDown(ms: number): void {
  const original = native().start;
  jest.spyOn(native(), 'start').mockImplementation(async options => {
    await sleep(ms);
    return original(options);
  });
}
