/** Rows and their rounds, on a pool that is played here. */
import { measure } from '../../lib/bench/measure';
import { warmRow } from '../../lib/bench/skiff-rows';

test('a warm round asks the pool to run true', async () => {
  const commands: string[][] = [];
  const row = warmRow({
    run: async command => {
      commands.push(command);
      return { exitCode: 0 };
    },
  });
  expect(await row.round()).toBeGreaterThan(0);
  expect(commands).toEqual([['/bin/true']]);
});

test('the wait behind a round comes before the next row, and is in no time', async () => {
  const begun: number[] = [];
  const row = (name: string) => ({
    name,
    title: name,
    does: [],
    round: async () => {
      begun.push(performance.now());
      return 1;
    },
  });
  const rows = [row('a'), row('b')];
  const [a, b] = await measure(rows, { rounds: 2, warmUp: 0, settleMs: 25, limitMs: 60_000 });
  expect([a!.times, b!.times]).toEqual([
    [1, 1],
    [1, 1],
  ]);
  // A timer may be a millisecond early by this clock.
  expect(begun[1]! - begun[0]!).toBeGreaterThan(24 - 1);
});

test('a warm round that fails is a failure', async () => {
  await expect(warmRow({ run: async () => ({ exitCode: 3 }) }).round()).rejects.toThrow('exit code 3');
});
