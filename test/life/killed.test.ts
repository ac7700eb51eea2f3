/**
 * SIGKILL of whatever belongs to a running container, at random and at chosen moments: the container dies with its
 * node process, and one further command removes the rest. SKIFF_KILL_ROUNDS sets how many random rounds there are.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib/engine';
import { run, start } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { canLimit, itAsRoot, NO_HOST_ROOT } from '../helpers/user-mode';
import {
  cgroupsOf,
  commandOf,
  containersOf,
  descendantsOf,
  isRunning,
  KILL_ROUNDS,
  leftSince,
  lookAround,
  mountsBelow,
  Program,
  watchdogsOf,
} from './support';

const limit = canLimit ? ['-m', '64m'] : [];

/** A round with its further command takes a third of a second on an idle machine. */
const ROUNDS_TIMEOUT_MS = 60_000 + KILL_ROUNDS * 5_000;
/** How soon a container is dead after its node process. */
const DEAD_WITHIN_MS = 1_000;

/** Starts one container of which nothing but SIGKILL makes an end, and tells its pid. */
const STUBBORN = `
  const skiff = await Skiff.open({ root });
  const container = await skiff.start(['sh', '-c', 'trap "" HUP INT QUIT TERM USR1; sleep 1000 & sleep 1000; wait']);
  say(container.pid);
  await hear();`;

/** Ids whose containers a killed process left, by their directories. */
function idsIn(root: string): string[] {
  return fs.readdirSync(path.join(root, 'containers')).map(name => name.split('.').at(-1)!);
}

/** One further command, and whatever is left then. */
async function leftAfterCommand(root: string): Promise<string[]> {
  const ids = idsIn(root);
  expect(await run(['run', 'true'], { root })).toMatchObject({ code: 0, stderr: '' });
  return [...containersOf(root), ...mountsBelow(root), ...ids.flatMap(cgroupsOf)];
}

afterEach(() => Program.endAll());

interface Tally {
  /** Rounds in which something was there to be removed. */
  dirty: number;
  failures: string[];
}

/** Do rounds until the first that leaves something; the evidence is its message. */
async function rounds(root: string, kill: (round: number) => Promise<number>): Promise<Tally> {
  const tally: Tally = { dirty: 0, failures: [] };
  for (let round = 0; round < KILL_ROUNDS && tally.failures.length === 0; round += 1) {
    const delay = await kill(round);
    if (containersOf(root).length > 0) tally.dirty += 1;
    const left = await leftAfterCommand(root);
    if (left.length > 0) tally.failures.push(`round ${round}, after ${delay} ms: ${left.join(', ')}`);
  }
  return tally;
}

describe('kill -9 of node', () => {
  test(
    'of the command line 0 to 250 ms after its start',
    async () => {
      const root = tempRoot();
      await run(['run', 'true'], { root });
      const before = lookAround();
      const tally = await rounds(root, async round => {
        const child = start(['run', '--name', 'same', ...limit, 'sh', '-c', 'sleep 1000 & wait'], {
          root,
        });
        const ended = once(child, 'exit');
        // On a busy machine node itself takes longer than that: every other delay counts from the container's first sign.
        if (round % 2 === 1) await until('the container', () => containersOf(root).length > 0, 20_000);
        const delay = Math.random() * (round % 2 === 1 ? 40 : 250);
        await sleep(delay);
        child.kill('SIGKILL');
        await ended;
        return delay;
      });
      expect(tally.failures).toEqual([]);
      if (KILL_ROUNDS >= 20) expect(tally.dirty).toBeGreaterThan(0);
      expect(await leftSince(before)).toEqual([]);
    },
    ROUNDS_TIMEOUT_MS,
  );

  test(
    'of a program 0 to 25 ms after its call',
    async () => {
      const root = tempRoot();
      await run(['run', 'true'], { root });
      const before = lookAround();
      const tally = await rounds(root, async round => {
        const program = Program.start(
          `const skiff = await Skiff.open({ root });
           say('open');
           await hear();
           say('called');
           await skiff.start(['sh', '-c', 'sleep 1000 & wait'], { name: 'same'${canLimit ? ", memory: '64m'" : ''} });
           await hear();`,
          root,
        );
        expect(await program.heard()).toBe('open');
        program.tell();
        expect(await program.heard()).toBe('called');
        // A start takes two milliseconds, or on a slow machine ten.
        const delay = Math.random() * (round % 2 === 1 ? 25 : 6);
        // Timers are too coarse for this.
        for (const end = performance.now() + delay; performance.now() < end;);
        await program.kill();
        return delay;
      });
      expect(tally.failures).toEqual([]);
      // Else all of them came too early or too late to mean anything.
      if (KILL_ROUNDS >= 20) expect(tally.dirty).toBeGreaterThan(0);
      expect(await leftSince(before)).toEqual([]);
    },
    ROUNDS_TIMEOUT_MS,
  );

  test('ends a container that ignores signals, without any further command', async () => {
    const root = tempRoot();
    const program = Program.start(STUBBORN, root);
    const pid = await program.heard<number>();
    expect(isRunning(pid!)).toBe(true);
    const [watchdog] = watchdogsOf(program.pid);
    await program.kill();
    await until('the container is dead', () => !isRunning(pid!), DEAD_WITHIN_MS);
    await until('the watchdog has ended', () => !isRunning(watchdog!), DEAD_WITHIN_MS);
    expect(await leftAfterCommand(root)).toEqual([]);
  });

  itAsRoot(NO_HOST_ROOT)(
    'ends one that has cleared its parent-death signal and is in a session of its own',
    async () => {
      const root = tempRoot();
      const program = Program.start(
        `const skiff = await Skiff.open({ root });
       const command = 'setsid setpriv --pdeathsig clear sleep 1000 & wait';
       const container = await skiff.start(['sh', '-c', command], { rootfs: '/', init: true });
       say(container.pid);
       await hear();`,
        root,
      );
      const pid = await program.heard<number>();
      const all = await until('the command runs', () => {
        const found = [pid!, ...descendantsOf(pid!)];
        return found.some(each => commandOf(each) === 'sleep') && found;
      });
      await program.kill();
      expect(all.length).toBeGreaterThanOrEqual(3);
      await until('the container is dead', () => !all.some(isRunning), DEAD_WITHIN_MS);
      expect(await leftAfterCommand(root)).toEqual([]);
    },
  );

  test('ends all of twenty containers', async () => {
    const root = tempRoot();
    const program = Program.start(
      `const skiff = await Skiff.open({ root });
       const all = Array.from({ length: 20 }, () => skiff.start(['sleep', '1000']));
       say((await Promise.all(all)).map(container => container.pid));
       await hear();`,
      root,
    );
    const pids = await program.heard<number[]>();
    await program.kill();
    await until('all are dead', () => !pids!.some(isRunning), DEAD_WITHIN_MS);
    expect(await leftAfterCommand(root)).toEqual([]);
  });

  test('together with its watchdog: the next command ends the container', async () => {
    const root = tempRoot();
    const program = Program.start(STUBBORN, root);
    const pid = await program.heard<number>();
    // Stopped, it starts no other in its place.
    process.kill(program.pid, 'SIGSTOP');
    for (const watchdog of watchdogsOf(program.pid)) process.kill(watchdog, 'SIGKILL');
    await program.kill();
    expect(isRunning(pid!)).toBe(true);
    expect(await leftAfterCommand(root)).toEqual([]);
    expect(isRunning(pid!)).toBe(false);
  });
});

describe('kill -9 of the watchdog', () => {
  test('another takes its place, and the containers still die with node', async () => {
    const root = tempRoot();
    const program = Program.start(STUBBORN, root);
    const pid = await program.heard<number>();
    const seen = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const watchdog = await until('a new watchdog', () =>
        watchdogsOf(program.pid).find(each => !seen.has(each)),
      );
      seen.add(watchdog);
      process.kill(watchdog, 'SIGKILL');
    }
    await until('the last watchdog', () => watchdogsOf(program.pid).some(each => !seen.has(each)));
    expect(isRunning(pid!)).toBe(true);
    // It has been told of the container once the program has done something after its start.
    await sleep(200);
    await program.kill();
    await until('the container is dead', () => !isRunning(pid!), DEAD_WITHIN_MS);
    expect(await leftAfterCommand(root)).toEqual([]);
  });

  test('again and again while containers start: each runs or tells clearly why not', async () => {
    const root = tempRoot();
    await using skiff = await Skiff.open({ root });
    await skiff.run(['true']);
    let isOver = false;
    const killer = (async () => {
      while (!isOver) {
        for (const watchdog of watchdogsOf(process.pid)) process.kill(watchdog, 'SIGKILL');
        await sleep(15);
      }
    })();
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => skiff.run(['echo', 'fine'])));
    isOver = true;
    await killer;
    for (const result of results) {
      if (result.status === 'fulfilled') expect(result.value.stdout).toBe('fine\n');
      else expect(result.reason).toMatchObject({ name: 'SkiffError', step: 'guard' });
    }
    expect((await skiff.run(['echo', 'still works'])).stdout).toBe('still works\n');
    await skiff.close();
    expect(containersOf(root)).toEqual([]);
  });
});

describe('kill of the init from outside', () => {
  test.each([false, true])('is the end of the container (init: %s)', async init => {
    const root = tempRoot();
    await using skiff = await Skiff.open({ root });
    const container = await skiff.start(['sh', '-c', 'sleep 1000 & wait'], {
      init,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    process.kill(container.pid, 'SIGKILL');
    expect(await container.wait()).toMatchObject({ exitCode: 137, signal: 'SIGKILL', oomKilled: false });
    expect(containersOf(root)).toEqual([]);
    expect(mountsBelow(root)).toEqual([]);
    expect(cgroupsOf(container.id)).toEqual([]);
  });
});

describe('a signal to the command line', () => {
  /** Starts it, waits for its output and signals it. */
  async function signalled(args: string[], signal: NodeJS.Signals) {
    const root = tempRoot();
    const child = start(['run', ...args], { root });
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    child.kill(signal);
    const [code, by] = (await ended) as [number | null, NodeJS.Signals | null];
    return { code, by, left: [...containersOf(root), ...mountsBelow(root)] };
  }

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s ends a command under --init', async (signal, code) => {
    const args = ['--init', 'sh', '-c', 'echo ready; exec sleep 1000'];
    expect(await signalled(args, signal)).toEqual({ code, by: null, left: [] });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches a handler', async signal => {
    const args = ['sh', '-c', `trap 'exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`];
    expect(await signalled(args, signal)).toEqual({ code: 9, by: null, left: [] });
  });
});
