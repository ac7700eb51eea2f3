/** Containers kept ready: every run gets one of its own, whatever happens to those that wait. */
import fs from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff, type Pool, type PoolOptions } from '../../lib/engine';
import {
  containersOf,
  descendantsOf,
  haveFirstStarts,
  isRunning,
  leftSince,
  lookAround,
  mountsBelow,
} from '../life/support';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { itWithLimits } from '../helpers/user-mode';

/** Runs of the long test: SKIFF_POOL_RUNS, else so many. */
const RUNS = Number(process.env.SKIFF_POOL_RUNS ?? 400);

const root = tempRoot();
let skiff: Skiff;
let pool: Pool;

beforeEach(async () => {
  skiff = await Skiff.open({ root });
});
afterEach(async () => {
  await skiff.close();
  expect(containersOf(root)).toEqual([]);
});

async function open(options: PoolOptions = {}): Promise<Pool> {
  return (pool = await skiff.pool({ size: 2, ...options }));
}

/** Inits of containers of this process, ready or running. */
function inits(): number[] {
  return descendantsOf(process.pid).filter(isRunning);
}

describe('a run', () => {
  test('gives what the command wrote, and how it ended', async () => {
    await open();
    const result = await pool.run(['sh', '-c', 'cat; echo oops >&2; exit 7'], { input: 'in\n' });
    expect(result).toMatchObject({ exitCode: 7, stdout: 'in\n', stderr: 'oops\n', timedOut: false });
    expect(result.id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('took as long as its command ran: not less than nothing, and not more than the whole', async () => {
    await open();
    for (let i = 0; i < 40; i++) {
      const { durationMs, verdict } = await pool.run(['true']);
      expect(verdict.wallMs).toBeGreaterThan(0);
      expect(verdict.wallMs).toBeLessThanOrEqual(durationMs);
    }
    const long = await pool.run(['sleep', '0.1']);
    expect(long.verdict.wallMs).toBeGreaterThanOrEqual(100);
  });

  test('has its own environment, working directory and user, else those of the pool', async () => {
    await open({ env: { A: 'pool' }, cwd: '/tmp' });
    const ask = ['sh', '-c', 'echo $A $PWD $(id -u)'];
    expect((await pool.run(ask)).stdout).toBe('pool /tmp 0\n');
    const own = { env: { A: 'own' }, cwd: '/made/here', user: '1000' };
    expect((await pool.run(ask, own)).stdout).toBe('own /made/here 1000\n');
    expect((await pool.run(ask)).stdout).toBe('pool /tmp 0\n');
  });

  test('takes arguments larger than a socket takes at once', async () => {
    await open();
    const argument = 'x'.repeat(100_000);
    expect((await pool.run(['sh', '-c', 'printf %s "$1" | wc -c', '-', argument])).stdout).toBe('100000\n');
  });

  test('sees nothing of the one before it', async () => {
    await open({ size: 1 });
    const look = ['sh', '-c', 'ls /tmp; hostname; ipcs -m | wc -l; echo mark > /tmp/mark'];
    const seen = [];
    for (let round = 0; round < 5; round += 1) seen.push((await pool.run(look)).stdout.split('\n'));
    for (const lines of seen) expect(lines).toHaveLength(3);
    expect(new Set(seen.map(([hostname]) => hostname)).size).toBe(5);
  });

  itWithLimits('is bounded by the limits of the pool', async () => {
    await open({ memory: '32m', pidsLimit: 5 });
    const eat = await pool.run(['sh', '-c', 'head -c 100m /dev/zero | tail']);
    expect(eat).toMatchObject({ oomKilled: true });
    const fork = await pool.run(['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait']);
    expect(fork.stderr).toMatch(/can't fork/);
  });

  test.each([
    [['nosuch'], 127, 'cannot start "nosuch": executable file not found in $PATH'],
    [['/etc/passwd'], 126, 'cannot start "/etc/passwd": permission denied'],
  ])('of %j fails as Skiff.run does', async (command, exitCode, message) => {
    await open();
    await expect(pool.run(command)).rejects.toMatchObject({ name: 'SkiffError', exitCode, message });
    expect((await pool.run(['echo', 'fine'])).stdout).toBe('fine\n');
  });

  test('with wrong options fails, and the pool goes on', async () => {
    await open();
    await expect(pool.run(['true'], { cwd: 'relative' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(pool.run(['true'], { user: 'nobody-here' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(pool.run([])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await pool.run(['echo', 'fine'])).stdout).toBe('fine\n');
  });

  test('ends at its timeout and at its abort, with all its processes', async () => {
    await open();
    const command = ['sh', '-c', 'trap "" TERM; (setsid sleep 100 &) ; sleep 100'];
    expect(await pool.run(command, { timeout: 100 })).toMatchObject({ timedOut: true, exitCode: 137 });
    const abort = new AbortController();
    const run = pool.run(command, { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await expect(run).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });
});

describe('the pool', () => {
  test('is full when it opens and is filled again', async () => {
    await open({ size: 3 });
    expect(pool.available).toBe(3);
    await pool.run(['true']);
    await until('it is full again', () => pool.available === 3);
  });

  test('of size 0 keeps nothing ready, and runs all the same', async () => {
    await open({ size: 0 });
    await until('there is none but the watchdog', () => inits().length <= 1);
    expect((await pool.run(['echo', 'cold'])).stdout).toBe('cold\n');
    expect(pool.available).toBe(0);
  });

  test('takes a burst beyond its size', async () => {
    await open({ size: 2 });
    const runs = Array.from({ length: 30 }, (_, number) => pool.run(['echo', String(number)]));
    expect((await Promise.all(runs)).map(({ stdout }) => stdout)).toEqual(
      runs.map((_, number) => `${number}\n`),
    );
  });

  test('runs so many at once at most, in their order', async () => {
    await open({ size: 1, maxRunning: 2 });
    const started: number[] = [];
    const runs = [1, 2, 3, 4, 5].map(async number => {
      // Longer than a slow machine takes to start one.
      await pool.run(['sleep', '0.8']);
      started.push(number);
    });
    await sleep(100);
    expect(started).toEqual([]);
    await Promise.all(runs);
    expect(new Set(started.slice(0, 2))).toEqual(new Set([1, 2]));
    expect(started).toHaveLength(5);
  });

  test('replaces an init that is killed while it waits', async () => {
    await open({ size: 2 });
    const before = inits();
    for (const pid of parkedInits()) process.kill(pid, 'SIGKILL');
    // At once, before anybody can have noticed.
    expect((await pool.run(['echo', 'right'])).stdout).toBe('right\n');
    await until('it is full again', () => pool.available === 2);
    expect(inits().filter(pid => before.includes(pid)).length).toBeLessThanOrEqual(1); // the watchdog
  });

  test('keeps nothing ready when it was idle for long, until the next run', async () => {
    await open({ size: 2, maxIdle: 150 });
    expect(pool.available).toBe(2);
    await until('it is empty', () => pool.available === 0);
    await until('their directories are gone', () => containersOf(root).length === 0);
    expect((await pool.run(['echo', 'cold'])).stdout).toBe('cold\n');
    await until('it is filled again', () => pool.available === 2);
  });

  test('waits at its close for the runs that are on, and refuses others', async () => {
    await open({ size: 1, maxRunning: 1 });
    const runs = [
      ['sh', '-c', 'sleep 0.3; echo done'],
      ['echo', 'never'],
    ].map(command => pool.run(command));
    const outcomes = Promise.allSettled(runs);
    const closed = pool.close();
    await expect(pool.run(['true'])).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled', value: { stdout: 'done\n' } },
      { status: 'rejected', reason: { code: 'CLOSED' } },
    ]);
    await closed;
    expect(containersOf(root)).toEqual([]);
  });

  test('ends with its Skiff, and what runs in it is killed', async () => {
    await open({ size: 1 });
    const run = pool.run(['sleep', '100']);
    await sleep(50);
    await skiff.close();
    expect(await run).toMatchObject({ signal: 'SIGKILL' });
    expect(containersOf(root)).toEqual([]);
  });

  test('that cannot be filled is an error, and nothing is left', async () => {
    await skiff.run(['true']);
    const before = lookAround();
    await expect(skiff.pool({ user: 'nobody-here' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(skiff.pool({ image: 'nosuch' })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    await expect(skiff.pool({ size: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(skiff.pool({ size: 1.5 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(skiff.pool({ maxRunning: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await leftSince(before)).toEqual([]);
  });
});

/** Inits that wait. From outside they look like those that set up yet or have their command already. */
function parkedInits(): number[] {
  const { ready } = pool as unknown as { ready: { started: { init: { pid: number } } }[] };
  return ready.map(({ started }) => started.init.pid);
}

interface Kind {
  command: string[];
  timeout?: number;
  expected: Record<string, unknown>;
}

/** What the long test runs, by turns. */
const KINDS: readonly ((number: number) => Kind)[] = [
  number => ({ command: ['echo', `${number}`], expected: { exitCode: 0, stdout: `${number}\n` } }),
  number => ({
    command: ['sh', '-c', `exit ${number % 200}`],
    expected: { exitCode: number % 200, signal: null },
  }),
  () => ({
    command: ['sh', '-c', 'kill -KILL $$; sleep 100'],
    timeout: 30,
    expected: { timedOut: true, exitCode: 137 },
  }),
  () => ({ command: ['nosuch'], expected: { code: 'ENOENT', exitCode: 127 } }),
  number => ({
    command: ['sh', '-c', `echo ${number} >&2; cat`],
    expected: { exitCode: 0, stderr: `${number}\n`, stdout: '' },
  }),
];

test(
  `${RUNS} runs through a pool of 8, with failures, time-outs and killed inits: all right, nothing left`,
  async () => {
    // Some of these runs start without the pool.
    await haveFirstStarts(skiff);
    await open({ size: 8, maxRunning: 8 });
    for (let number = 0; number < 16; number += 1) await pool.run(['true']);
    await until('it is full', () => pool.available === 8);
    // What is kept ready for a next start is gone after a second, and descriptors are as many as they shall be.
    await sleep(1500);
    const before = holdings();
    let next = 0;
    const wrong: string[] = [];
    const memory: number[] = [];
    const work = async () => {
      for (let number = next++; number < RUNS; number = next++) {
        if (number % 100 === 99) killOneParked();
        if (number % Math.ceil(RUNS / 20) === 0) memory.push(memoryInUse());
        const { command, timeout, expected } = KINDS[number % KINDS.length]!(number);
        const outcome: unknown = await pool.run(command, { timeout }).catch((error: unknown) => error);
        for (const [name, value] of Object.entries(expected)) {
          const got = (outcome as Record<string, unknown>)[name];
          if (got !== value)
            wrong.push(`${number} ${command.join(' ')}: ${name} is ${String(got)} (${String(outcome)})`);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(wrong).toEqual([]);
    await until('it is full', () => pool.available === 8);
    await until('nothing more is held than before', () => isDeepStrictEqual(holdings(), before));
    if (RUNS >= 5_000) {
      const half = memory.slice(memory.length / 2);
      expect(half.at(-1)! / half[0]!).toBeLessThan(1.15);
    }
    await pool.close();
    expect(containersOf(root)).toEqual([]);
  },
  60_000 + RUNS * 30,
);

/** Bytes that are resident, without garbage. */
function memoryInUse(): number {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
  return process.memoryUsage().rss;
}

/** How many there are of what a pool takes. */
function holdings(): Record<string, number> {
  return {
    descriptors: fs.readdirSync('/proc/self/fd').length,
    mounts: mountsBelow(root).length,
    containers: containersOf(root).length,
    processes: descendantsOf(process.pid).length,
  };
}

function killOneParked(): void {
  const [pid] = parkedInits();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}
