/** Restart policies, seen from outside: the log's times, the events, the records. */
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { fileRoot } from '../helpers/run';
import { until } from '../helpers/wait';
import { itWithLimits } from '../helpers/user-mode';
import { cgroupsOf, containersOf, isRunning, leftSince, lookAround, mountsBelow } from '../life/support';
import { attempt, logOf, recordOf, removeAllAfterEach, skiff, untilStatus } from './support';

removeAllAfterEach();

/** Times of a container's events, in ms since the epoch. */
function timesOf(id: string, action: string): number[] {
  const lines = fs.readFileSync(path.join(fileRoot(), 'events.jsonl'), 'utf8').split('\n').filter(Boolean);
  return lines
    .map(line => JSON.parse(line) as { id: string; action: string; timeNano: number })
    .filter(event => event.id === id && event.action === action)
    .map(({ timeNano }) => timeNano / 1e6);
}

/** How long each run was waited for after the end of the one before, in ms. */
function waits(id: string): number[] {
  const ends = timesOf(id, 'die');
  return timesOf(id, 'start')
    .slice(1)
    .map((start, index) => start - ends[index]!);
}

/** Its init, once it is another one than that. */
function nextInit(id: string, before: number): Promise<number> {
  return until('another init', () => {
    const { init, status } = recordOf(id).state!;
    return status === 'running' && init !== undefined && init.pid !== before && init.pid;
  });
}

/** Exits at once with a code, while there is no file /stay. */
const FAILING = ['sh', '-c', 'test -e /stay && exec sleep 1000; exit 3'];

/** It waits between two of its runs, for a second at least. */
async function inBackOff(id: string): Promise<void> {
  await until('the fourth restart', () => {
    const { status, restartCount = 0 } = recordOf(id).state!;
    return status === 'restarting' && restartCount >= 4;
  });
}

describe('on-failure', () => {
  it('runs it again three times, each after a longer wait', async () => {
    const id = await skiff('run', '-d', '--restart', 'on-failure:3', 'sh', '-c', 'echo run; exit 3');
    expect(await skiff('wait', id)).toBe('3');
    expect(logOf(id)).toEqual(Array(4).fill('stdout F run'));
    expect(recordOf(id).state).toMatchObject({ status: 'exited', restartCount: 3, exitCode: 3 });
    const [first, second, third] = waits(id);
    expect(first).toBeGreaterThanOrEqual(95);
    expect(second).toBeGreaterThanOrEqual(195);
    expect(third).toBeGreaterThanOrEqual(395);
    expect(mountsBelow(fileRoot())).toEqual([]);
    expect(cgroupsOf(id)).toEqual([]);
  });

  it('leaves alone what ended well, whenever that is', async () => {
    const script = 'echo x >> /x; test $(wc -l < /x) = 2';
    const id = await skiff('run', '-d', '--restart', 'on-failure', 'sh', '-c', script);
    expect(await skiff('wait', id)).toBe('0');
    expect(recordOf(id).state).toMatchObject({ restartCount: 1, exitCode: 0 });
  });
});

describe('always', () => {
  itWithLimits(
    'survives a kill -9 of the init, with what it wrote, its mount, its cgroups and its limits',
    async () => {
      const before = lookAround();
      const script = 'echo x >> /x; cat /x; exec sleep 1000';
      const id = await skiff(
        ...['run', '-d', '-m', '64m', '--name', 'phoenix', '--restart', 'always', 'sh', '-c', script],
      );
      const first = recordOf(id).state!.init!.pid;
      const { cgroupPaths } = recordOf(id);
      await until('its first run wrote', () => logOf(id).length === 1 || undefined);
      process.kill(first, 'SIGKILL');
      const second = await nextInit(id, first);
      await until('its second run wrote', () => logOf(id).length === 3 || undefined);
      expect(logOf(id)).toEqual(['stdout F x', 'stdout F x', 'stdout F x']);
      expect(isRunning(first)).toBe(false);
      expect(mountsBelow(fileRoot())).toHaveLength(1);
      expect(cgroupsOf(id).sort()).toEqual([...cgroupPaths!].sort());
      expect(fs.readFileSync(`/proc/${second}/cgroup`, 'utf8')).toMatch(
        new RegExp(`^(\\d+:memory|0:):.*/skiff-${id}`, 'm'),
      );
      expect(recordOf(id).state).toMatchObject({ status: 'running', restartCount: 1 });
      await skiff('stop', '-t', '0', 'phoenix');
      await skiff('rm', 'phoenix');
      expect(await leftSince(before)).toEqual([]);
    },
  );

  it('runs again what ended well, too', async () => {
    const id = await skiff('run', '-d', '--restart', 'unless-stopped', 'echo', 'again');
    await until('three runs', () => logOf(id).length >= 3 || undefined);
    await skiff('stop', id);
    expect(recordOf(id).state?.status).toBe('exited');
  });

  it('has the same streams for those who are attached, run after run', async () => {
    const id = await skiff('run', '-di', '--restart', 'always', 'head', '-n', '1');
    await until('it runs', () => recordOf(id).state?.status === 'running' || undefined);
    await using engine = await Skiff.open({ root: fileRoot() });
    const streams = await (await engine.get(id)).attach({ input: true });
    let text = '';
    streams.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
    streams.stdin!.write('one\n');
    await until('the first answer', () => text === 'one\n' || undefined);
    await until('the second run', () => {
      const { status, restartCount } = recordOf(id).state!;
      return (restartCount === 1 && status === 'running') || undefined;
    });
    streams.stdin!.write('two\n');
    await until('the second answer', () => text === 'one\ntwo\n' || undefined);
    streams.detach();
  });
});

describe('by hand', () => {
  it.each([[['kill']], [['kill', '-s', 'TERM']], [['stop', '-t', '0']]])(
    'what is ended by %p is not run again',
    async command => {
      // A shell that has a trap takes the signal, an init without one would not.
      const script = 'trap "exit 4" TERM; echo up; while :; do sleep 0.05; done';
      const id = await skiff('run', '-d', '--restart', 'always', 'sh', '-c', script);
      await until('it is up', () => logOf(id).length > 0 || undefined);
      await skiff(...command, id);
      const { state } = await untilStatus(id, 'exited');
      expect(state?.restartCount).toBeUndefined();
      await skiff('start', id);
      expect(recordOf(id).state?.status).toBe('running');
    },
  );

  it('another signal than that is no reason', async () => {
    const script = 'trap "exit 4" USR1; echo up; while :; do sleep 0.05; done';
    const id = await skiff('run', '-d', '--restart', 'always', 'sh', '-c', script);
    await until('it is up', () => logOf(id).length > 0 || undefined);
    const { pid } = recordOf(id).state!.init!;
    await skiff('kill', '-s', 'USR1', id);
    await nextInit(id, pid);
  });
});

describe('while it waits for its next run', () => {
  it('stop is its end', async () => {
    const id = await skiff('run', '-d', '--restart', 'always', ...FAILING);
    await inBackOff(id);
    await skiff('stop', id);
    const { state } = recordOf(id);
    expect(state).toMatchObject({ status: 'exited', exitCode: 3 });
    expect(mountsBelow(fileRoot())).toEqual([]);
    expect(cgroupsOf(id)).toEqual([]);
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(recordOf(id).state).toEqual(state);
  });

  it('rm -f removes it', async () => {
    const before = lookAround();
    const id = await skiff('run', '-d', '--name', 'gone', '--restart', 'always', ...FAILING);
    await inBackOff(id);
    await skiff('rm', '-f', 'gone');
    expect(containersOf(fileRoot())).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  });

  it('rm alone does not, and it cannot be paused', async () => {
    const id = await skiff('run', '-d', '--restart', 'always', ...FAILING);
    await inBackOff(id);
    expect(await attempt(['pause', id])).toEqual({
      code: 1,
      stderr: `skiff: container ${id.slice(0, 12)} is restarting\n`,
    });
    expect((await attempt(['rm', id])).stderr).toMatch(
      /^skiff: cannot remove container \w+: it is running\n/,
    );
  });
});

it('tells why it could not be run again, gives all back, and can be started once that is mended', async () => {
  const before = lookAround();
  const script = 'rm -f /bin/sh; exit 1';
  const id = await skiff('run', '-d', '--restart', 'on-failure', 'sh', '-c', script);
  const { state } = await untilStatus(id, 'exited');
  expect(state).toMatchObject({ exitCode: 127, error: expect.stringContaining('No such file or directory') });
  expect(state?.init).toBeUndefined();
  expect(mountsBelow(fileRoot())).toEqual([]);
  expect(cgroupsOf(id)).toEqual([]);
  const removed = path.join(fileRoot(), 'containers', id, 'writeLayer', 'bin', 'sh');
  fs.rmSync(removed);
  await skiff('start', id);
  // It removes its shell again, and cannot be run a second time.
  expect((await untilStatus(id, 'exited')).state).toMatchObject({ exitCode: 127, restartCount: 1 });
  await skiff('rm', id);
  expect(await leftSince(before)).toEqual([]);
});
