/** Rows that need something which is played here: a pool of parked containers. */
import { openPool, warmRow } from '../../lib/bench/skiff-rows';

test('a Skiff without pools gives none', async () => {
  expect(await openPool({})).toBeUndefined();
});

test('a pool is asked for with the limit that all rows have', async () => {
  const pool = { run: async () => ({ exitCode: 0 }), close: async () => undefined };
  const asked: object[] = [];
  const skiff = {
    pool: async (options: object) => {
      asked.push(options);
      return pool;
    },
  };
  expect(await openPool(skiff)).toBe(pool);
  expect(asked).toEqual([{ memory: '256m', size: 4, stdout: 'ignore', stderr: 'ignore' }]);
});

test('a warm round is the time to the result, without the pause behind it', async () => {
  const commands: string[][] = [];
  const row = warmRow({
    run: async command => {
      commands.push(command);
      return { exitCode: 0 };
    },
  });
  const start = performance.now();
  const time = await row.round();
  expect(time).toBeLessThan(performance.now() - start);
  expect(commands).toEqual([['/bin/true']]);
});

test('a warm round that fails is a failure', async () => {
  await expect(warmRow({ run: async () => ({ exitCode: 3 }) }).round()).rejects.toThrow('exit code 3');
});
