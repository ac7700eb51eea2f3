/**
 * `skiff bench` as a process: what it prints and writes, what it refuses, and that whoever stops it finds nothing left.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryResult } from '../../lib/bench/memory';
import { describeIf } from '../helpers/conditions';
import { run, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';

test.each([
  [['--only', 'toaster'], /no such row: toaster; there are floor/],
  [['--rounds', '0'], /--rounds/],
  [['--rounds', 'many'], /--rounds/],
  [['--format', 'yaml'], /must be table, json or markdown/],
  [['--check', '/nosuch.json'], /nosuch\.json/],
  [['--check', '/etc/passwd'], /not a result of skiff bench/],
  [['--axis', 'idle,width'], /no such axis: width; there are flight, memory, idle/],
  [['--phases', '--tti'], /--phases and --tti exclude each other/],
  [['--axis', 'idle', '--memory'], /--axes and --memory exclude each other/],
  [['--phases', '--check', '/etc/passwd'], /--check compares single starts, not --phases/],
  [['more'], /"skiff bench" accepts no arguments/],
])('%j: exit code 125 and the reason', async (args, reason) => {
  const { code, stdout, stderr } = await run(['bench', ...args]);
  expect(code).toBe(125);
  expect(stdout.toString()).toBe('');
  expect(stderr).toMatch(reason);
});

describeIf(
  process.geteuid?.() === 0 && canLimit,
  'root is needed to start containers with the limits that are measured',
  'root',
)('as root', () => {
  test('a table for people, JSON for programs and for the next check', async () => {
    const [root, out] = [tempRoot(), tempDirectory()];
    const rows = ['bench', '--root', root, '--rounds', '5', '--only', 'floor,skiff API'];
    try {
      const table = await run([...rows, '--out', out.path]);
      expect(table.code).toBe(0);
      expect(table.stdout.toString()).toMatch(/^Linux .+ cores/);
      expect(table.stdout.toString()).toMatch(/^skiff API +[\d.]+ +[\d.]+-[\d.]+ /m);
      expect(table.stdout.toString()).not.toContain('\x1b');
      const file = path.join(out.path, 'bench.json');
      expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ version: 1, rounds: 5 });
      const pasted = await run([...rows, '--format', 'markdown']);
      expect(pasted.stdout.toString()).toMatch(/^\| skiff API +\| [\d.]+ /m);
      const better = withFloorRatio(file, path.join(out.path, 'better.json'), 0.01);
      const worse = withFloorRatio(file, path.join(out.path, 'worse.json'), 100);
      const failed = await run([...rows, '--check', better]);
      expect(failed.stdout.toString()).toMatch(/^skiff API \/ floor .+ REGRESSION$/m);
      expect(failed.code).toBe(1);
      const passed = await run([...rows, '--check', worse, '--format', 'json']);
      expect(passed.code).toBe(0);
      expect(JSON.parse(passed.stdout.toString())).toMatchObject({
        rows: [{ name: 'floor' }, { name: 'skiff API' }],
      });
    } finally {
      out.remove();
    }
  }, 60_000);

  // In a process of its own: what else a heap holds comes and goes.
  test('memory of running containers: some, and less than a mebibyte each', async () => {
    const root = tempRoot();
    const args = ['bench', '--root', root, '--memory', '--rounds', '20', '--format', 'json'];
    const { code, stdout } = await run(args);
    expect(code).toBe(0);
    const { memory } = JSON.parse(stdout.toString()) as { memory: MemoryResult };
    expect(memory.containers).toBe(21);
    const { parkedBytes, initBytes, watchdogBytes, starterBytes, scriptBytes } = memory;
    for (const bytes of [parkedBytes, initBytes, watchdogBytes, starterBytes, scriptBytes]) {
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(1 << 20);
    }
    expect(fs.readdirSync(root)).toEqual([]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s: what was measured is printed, exit code %d, nothing is left',
    async (signal, code) => {
      const root = tempRoot();
      const args = ['bench', '--root', root, '--rounds', '100000', '--only', 'floor,skiff API'];
      const child = start(args);
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      const deadline = Date.now() + 30_000;
      while (!isMeasuring(root) && Date.now() < deadline) await sleep(20);
      child.kill(signal);
      expect(await once(child, 'close')).toEqual([code, null]);
      expect(Buffer.concat(chunks).toString()).toMatch(/^Linux .+ cores/);
      expect(fs.readdirSync(root)).toEqual([]);
    },
    60_000,
  );
});

/** The floor program, which every round begins with, has a container. */
function isMeasuring(root: string): boolean {
  return fs
    .readdirSync(root)
    .map(name => path.join(root, name, 'floor-root'))
    .some(floorRoot => fs.existsSync(floorRoot) && fs.readdirSync(floorRoot).length > 0);
}

/** A stored result whose ratios to the floor are as many times as large. */
function withFloorRatio(file: string, target: string, factor: number): string {
  const result = JSON.parse(fs.readFileSync(file, 'utf8')) as { ratios: Record<string, number | string>[] };
  for (const ratio of result.ratios) {
    for (const key of ['median', 'low', 'high']) ratio[key] = Number(ratio[key]) * factor;
  }
  fs.writeFileSync(target, JSON.stringify(result));
  return target;
}
