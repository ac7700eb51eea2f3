/** The judge of examples/judge: each solution gets the verdict that its first line tells, every time. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { itWithLimits } from '../helpers/user-mode';

const judge = path.join(projectRoot, 'examples', 'judge');
const solutions = path.join(judge, 'solutions');
/** Longer than any round takes where many others use the machine, in ms. */
const ROUND_MS = 120_000;
const rounds = Number(process.env.SKIFF_JUDGE_ROUNDS ?? 3);

/** `/* cpu-time: why *\/` */
function expectedOf(name: string): string {
  const text = fs.readFileSync(path.join(solutions, name), 'utf8');
  return /^\/\* ([^:\n]+?)(:.*)? \*\/\n/.exec(text)![1]!;
}

itWithLimits(
  `verdicts, ${rounds} times in a row`,
  async () => {
    const names = fs.readdirSync(solutions);
    expect(names.length).toBeGreaterThanOrEqual(20);
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [path.join(judge, 'main.mjs'), String(rounds)],
      { env: { ...process.env, SKIFF_ROOT: tempRoot() }, maxBuffer: 2 ** 26 },
    );
    expect(stderr).toBe('');
    const told = stdout.trim().split('\n');
    const expected = names.map(name => `${name}: ${expectedOf(name)}`).sort();
    for (let round = 0; round < rounds; round++) {
      const lines = told.slice(round * names.length, (round + 1) * names.length);
      const verdicts = lines.map(line => line.replace(/^(\S+) +(.+?) {2,}\d.*$/, '$1: $2'));
      expect({ round, verdicts: verdicts.sort() }).toEqual({ round, verdicts: expected });
    }
    expect(told).toHaveLength(rounds * names.length);
  },
  rounds * ROUND_MS,
);

test('it is a judge in 60 lines', () => {
  const text = fs.readFileSync(path.join(judge, 'judge.mjs'), 'utf8');
  expect(text.trim().split('\n').length).toBeLessThanOrEqual(60);
});
