/**
 * What belongs to a detached container is killed at every moment, the machine is restarted under it, its record is
 * spoilt, its disk is full: what was acknowledged is there and usable, and when it is removed nothing is left.
 * SKIFF_KILL_ROUNDS sets how many random rounds there are.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib/engine';
import { identify } from '../../lib/common/identity';
import { MonitorConnection } from '../../lib/runtime/detached/control';
import type { ContainerRecord, ContainerState } from '../../lib/state';
import { fileRoot, run, start } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { canLimit, itWithLimits } from '../helpers/user-mode';
import {
  cgroupsOf,
  containersOf,
  isRunning,
  KILL_ROUNDS,
  leftSince,
  lookAround,
  mountsBelow,
} from '../life/support';
import { attempt, linesOf, recordOf, removeAllAfterEach, skiff, untilStatus } from './support';

const limit = canLimit ? ['-m', '64m'] : [];

const ROUNDS_TIMEOUT_MS = 60_000 + KILL_ROUNDS * 8_000;
const SLEEPING = ['sleep', '1000'];
/** Docker's, of what ended while nobody looked. */
const UNSEEN = 255;

removeAllAfterEach();

/** All containers of this file's root, as the API tells of them. */
async function list(root = fileRoot()) {
  await using engine = await Skiff.open({ root });
  return engine.list();
}

/** Nothing runs, is mounted or limited any more; the directory and what it wrote are there. */
async function expectEnded(id: string, init: number): Promise<void> {
  expect(isRunning(init)).toBe(false);
  expect(mountsBelow(fileRoot())).toEqual([]);
  expect(cgroupsOf(id)).toEqual([]);
  expect(containersOf(fileRoot())).toContain(`containers/${id}`);
}

/** It starts, runs, stops and can be removed like any other. */
async function expectUsable(id: string): Promise<void> {
  await skiff('start', id);
  expect(recordOf(id).state).toMatchObject({ status: 'running' });
  await skiff('stop', '-t', '0', id);
  await skiff('rm', id);
}

describe('kill -9 of the monitor', () => {
  it.each(canLimit ? ['running', 'paused'] : ['running'])(
    'of a container that is %s: the next command ends it',
    async state => {
      const before = lookAround();
      const id = await skiff('run', '-d', ...limit, '--restart', 'always', ...SLEEPING);
      const { monitor, init } = recordOf(id).state!;
      if (state === 'paused') await skiff('pause', id);
      process.kill(monitor!.pid, 'SIGKILL');
      await until('the monitor is gone', () => !isRunning(monitor!.pid));
      expect((await list())[0]).toMatchObject({
        id,
        status: 'exited',
        exitCode: 137,
        error: 'its monitor was killed',
      });
      await expectEnded(id, init!.pid);
      await expectUsable(id);
      expect(await leftSince(before)).toEqual([]);
    },
  );

  it('between two runs: the next command tells, nothing starts again', async () => {
    const before = lookAround();
    const id = await skiff('run', '-d', '--restart', 'always', 'sh', '-c', 'exit 3');
    const { pid } = recordOf(id).state!.monitor!;
    await until('a long wait', () => {
      const { status, restartCount = 0 } = recordOf(id).state!;
      return status === 'restarting' && restartCount >= 4;
    });
    process.kill(pid, 'SIGKILL');
    await until('the monitor is gone', () => !isRunning(pid));
    expect(await attempt(['kill', id])).toEqual({
      code: 1,
      stderr: `skiff: container ${id.slice(0, 12)} is not running\n`,
    });
    expect(recordOf(id).state).toMatchObject({ status: 'exited', error: 'its monitor was killed' });
    expect(recordOf(id).state!.restartCount).toBeGreaterThanOrEqual(4);
    await skiff('rm', id);
    expect(await leftSince(before)).toEqual([]);
  });

  it('with --rm: the next command removes it, with its name', async () => {
    const before = lookAround();
    const id = await skiff('run', '-d', '--rm', '--name', 'short', ...SLEEPING);
    const { monitor, init } = recordOf(id).state!;
    process.kill(monitor!.pid, 'SIGKILL');
    await until('the monitor is gone', () => !isRunning(monitor!.pid));
    expect(await list()).toEqual([]);
    expect(isRunning(init!.pid)).toBe(false);
    expect(containersOf(fileRoot())).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  });

  itWithLimits(
    'in the middle of a pause: what is frozen and not known to be is stopped all the same',
    async () => {
      const id = await skiff('run', '-d', ...SLEEPING);
      await skiff('pause', id);
      const { monitor } = recordOf(id).state!;
      // The record from before the pause, as a monitor that was not told of it keeps it.
      const connection = await MonitorConnection.connect(path.join(fileRoot(), 'containers', id));
      expect(await connection!.notePaused(false)).toBe(true);
      connection!.close();
      await skiff('stop', '-t', '1', id);
      expect(recordOf(id).state).toMatchObject({ status: 'exited', exitCode: 137 });
      await until('its monitor has ended', () => !isRunning(monitor!.pid) || undefined);
    },
  );

  it('while somebody waits for its end, and another is attached: both are told', async () => {
    const id = await skiff('run', '-di', 'cat');
    const { monitor } = recordOf(id).state!;
    const waiting = run(['wait', id]);
    const attached = start(['attach', id]);
    const closed = once(attached, 'close');
    attached.stdin.write('hello\n');
    await once(attached.stdout, 'data');
    process.kill(monitor!.pid, 'SIGKILL');
    expect(await waiting).toMatchObject({ code: 0, stdout: Buffer.from('137\n') });
    expect(await closed).toEqual([137, null]);
  });
});

it('kill -9 of the init is the end of the container, with its code', async () => {
  const id = await skiff('run', '-d', ...SLEEPING);
  const { pid } = recordOf(id).state!.init!;
  process.kill(pid, 'SIGKILL');
  const { state } = await untilStatus(id, 'exited');
  expect(state).toMatchObject({ exitCode: 137 });
  await expectEnded(id, pid);
  await expectUsable(id);
});

describe('kill -9 of node', () => {
  /** Commands, what of them prints a container's id when it is done, and what is known of it then. */
  const COMMANDS: readonly { name: string; args: (id: string, round: number) => string[]; from: Given }[] = [
    { name: 'run -d', args: () => ['run', '-d', '--name', 'same', ...SLEEPING], from: 'nothing' },
    { name: 'create', args: () => ['create', '--name', 'same', ...SLEEPING], from: 'nothing' },
    { name: 'start', args: id => ['start', id], from: 'created' },
    { name: 'stop', args: id => ['stop', '-t', '0', id], from: 'running' },
    { name: 'rm', args: id => ['rm', '-f', id], from: 'running' },
    { name: 'rename', args: id => ['rename', id, 'other'], from: 'running' },
    { name: 'update', args: id => ['update', '-m', '48m', id], from: 'running' },
    { name: 'pause', args: id => ['pause', id], from: 'running' },
  ];
  type Given = 'nothing' | 'created' | 'running';

  async function make(engine: Skiff, given: Given): Promise<string> {
    if (given === 'nothing') return '';
    const container = await engine.create(SLEEPING, { name: 'same', ...(canLimit && { memory: '64m' }) });
    if (given === 'running') await container.start();
    return container.id;
  }

  /** Start a command and kill it, after a while or once it has changed something; what it had printed by then. */
  async function killed(args: string[], root: string): Promise<{ printed: string; delay: number }> {
    const child = start(args, { root });
    let printed = '';
    child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()));
    const ended = once(child, 'close');
    // The command's own work begins behind node's start, 60 to 200 ms here and more on a busy machine.
    const delay = 40 + Math.random() * 220;
    await Promise.race([sleep(delay), ended]);
    child.kill('SIGKILL');
    await ended;
    return { printed: printed.trim(), delay };
  }

  /** All that there is can be used, and what was acknowledged is there. */
  async function problemsAfter(engine: Skiff, root: string, acknowledged: string): Promise<string[]> {
    const problems: string[] = [];
    await engine.sweep();
    const all = await engine.list();
    if (acknowledged !== '' && !all.some(({ id }) => id === acknowledged)) problems.push('it is not there');
    for (const info of all) {
      if (info.status === 'dead') problems.push(`${info.id} is dead: ${info.error}`);
      try {
        const container = await engine.get(info.name);
        if (info.status === 'paused') await container.unpause();
        await container.stop({ timeout: 0 });
        await container.start();
        if ((await container.info()).status !== 'running') problems.push(`${info.id} does not run`);
        await container.remove({ force: true });
      } catch (error) {
        problems.push(`${info.name} (${info.status}): ${String(error)}`);
      }
    }
    const names = containersOf(root).filter(entry => entry !== 'names/stale');
    return [...problems, ...names, ...mountsBelow(root), ...all.flatMap(({ id }) => cgroupsOf(id))];
  }

  test(
    'at random moments of every command leaves what was acknowledged, and nothing else that is of no use',
    async () => {
      const root = tempRoot();
      await using engine = await Skiff.open({ root });
      await engine.run(['true']);
      const before = lookAround();
      let cutShort = 0;
      for (let round = 0; round < KILL_ROUNDS; round += 1) {
        const { name, args, from } = COMMANDS[round % COMMANDS.length]!;
        const id = await make(engine, from);
        const { printed, delay } = await killed(args(id, round), root);
        if (printed === '') cutShort += 1;
        const acknowledged = name === 'rm' && printed !== '' ? '' : from === 'nothing' ? printed : '';
        expect({ round, name, delay, problems: await problemsAfter(engine, root, acknowledged) }).toEqual({
          round,
          name,
          delay,
          problems: [],
        });
      }
      // Else all of them came too late to mean anything.
      if (KILL_ROUNDS >= 20) expect(cutShort).toBeGreaterThan(0);
      expect(await leftSince(before)).toEqual([]);
    },
    ROUNDS_TIMEOUT_MS,
  );

  it('in the middle of a rename: it can be done again, and no second name is left', async () => {
    const id = await skiff('create', '--name', 'first', 'true');
    // The new name is claimed and the record has still the old one.
    const claim = path.join(fileRoot(), 'names', 'second');
    fs.mkdirSync(claim);
    fs.writeFileSync(path.join(claim, id), '');
    await skiff('rename', 'first', 'second');
    expect(recordOf(id).name).toBe('second');
    expect(containersOf(fileRoot())).toEqual([`containers/${id}`, 'names/second']);
    // The record has the new name, and the old one is still claimed.
    fs.mkdirSync(path.join(fileRoot(), 'names', 'first'));
    fs.writeFileSync(path.join(fileRoot(), 'names', 'first', id), '');
    await using engine = await Skiff.open({ root: fileRoot() });
    await engine.sweep();
    expect(containersOf(fileRoot())).toEqual([`containers/${id}`, 'names/second']);
  });
});

/** Replace a container's record by what it would be after something that cannot be done to this machine. */
function rewrite(id: string, change: (record: ContainerRecord, state: ContainerState) => unknown): void {
  const record = recordOf(id);
  const file = path.join(fileRoot(), 'containers', id, 'state.json');
  fs.writeFileSync(file, JSON.stringify(change(record, record.state!)));
}

describe('after a restart of the machine', () => {
  /** A container of an earlier boot: its record tells that it runs, and nothing of it does. */
  async function ofEarlierBoot(args: string[], status: string): Promise<string> {
    const id = await skiff('run', '-d', ...args);
    const { monitor, init } = recordOf(id).state!;
    const running = recordOf(id);
    await skiff('kill', id);
    await until('its end', () => !isRunning(monitor!.pid) || undefined);
    const bootId = '00000000-0000-4000-8000-000000000000';
    rewrite(id, () => ({
      ...running,
      owner: { ...running.owner, bootId },
      // Pids that live again as others: this process's own.
      state: {
        ...running.state,
        status,
        monitor: { ...monitor, pid: process.pid, bootId },
        init: { ...init, pid: process.ppid, bootId },
      },
    }));
    return id;
  }

  it.each(['starting', 'running', 'paused', 'restarting'])(
    'what was %s has ended, nobody saw how, and starts again',
    async status => {
      const id = await ofEarlierBoot(['--restart', 'always', ...limit, ...SLEEPING], status);
      expect((await list())[0]).toMatchObject({
        id,
        status: 'exited',
        exitCode: UNSEEN,
        error: 'the machine was restarted',
      });
      expect(isRunning(process.pid) && isRunning(process.ppid)).toBe(true);
      await expectUsable(id);
    },
  );

  it('what was there with --rm is removed by the next command', async () => {
    await ofEarlierBootWithRm();
    expect((await run(['run', 'true'])).code).toBe(0);
    expect(containersOf(fileRoot())).toEqual([]);
  });

  async function ofEarlierBootWithRm(): Promise<void> {
    const id = await ofEarlierBoot(SLEEPING, 'running');
    rewrite(id, record => ({ ...record, options: { ...record.options, remove: true } }));
  }
});

it('pids of this boot that live again as others are left alone', async () => {
  const id = await skiff('run', '-d', ...SLEEPING);
  const { monitor, init } = recordOf(id).state!;
  process.kill(monitor!.pid, 'SIGKILL');
  await until('the monitor is gone', () => !isRunning(monitor!.pid) || undefined);
  // A process of the same tick would have the same start time.
  await new Promise(resolve => setTimeout(resolve, 30));
  const other = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    rewrite(id, (record, state) => ({
      ...record,
      state: {
        ...state,
        monitor: { ...monitor, pid: other.pid },
        init: { ...init, pid: other.pid, startTime: 1 },
      },
    }));
    expect((await list())[0]).toMatchObject({ id, status: 'exited', exitCode: 137 });
    expect(isRunning(other.pid!)).toBe(true);
    expect(identify(other.pid!)?.startTime).not.toBe(monitor!.startTime);
    // The init that the record does not tell of any more is in its cgroup.
    await expectEnded(id, init!.pid);
  } finally {
    const ended = once(other, 'close');
    other.kill();
    await ended;
  }
});

it('a clock that was set back makes no difference to what is there', async () => {
  const id = await skiff('create', '--name', 'future', ...SLEEPING);
  const day = 86_400_000;
  rewrite(id, record => ({
    ...record,
    created: Date.now() + day,
    state: { status: 'exited', exitCode: 0, startedAt: Date.now() + day, finishedAt: Date.now() + 2 * day },
  }));
  const other = await skiff('create', ...SLEEPING);
  expect((await list()).map(info => info.id)).toEqual([id, other]);
  await skiff('start', 'future');
  expect(recordOf(id).state!.startedAt).toBeLessThan(Date.now() + day);
  await skiff('stop', '-t', '0', 'future');
  expect(recordOf(id).state!.finishedAt).toBeLessThan(Date.now() + day);
});

describe('a record that cannot be read', () => {
  const DAMAGES: readonly [string, (record: ContainerRecord) => string][] = [
    ['garbage', () => '\0\u0001 no record of ours'],
    ['empty', () => ''],
    ['cut short', record => JSON.stringify(record).slice(0, -7)],
    ['no object', () => '[]'],
    ['of another container', record => JSON.stringify({ ...record, id: 'f'.repeat(64) })],
    ['with a status that is none', record => JSON.stringify({ ...record, state: { status: 'asleep' } })],
    [
      'with cgroups that are none',
      record => JSON.stringify({ ...record, cgroupPaths: ['/sys/fs/cgroup', 7] }),
    ],
    ['with options that are none', record => JSON.stringify({ ...record, options: 'none' })],
    ['without a command to start', record => JSON.stringify({ ...record, options: {} })],
    [
      'with a monitor that is none',
      record => JSON.stringify({ ...record, state: { status: 'running', monitor: 5 } }),
    ],
  ];

  it.each(DAMAGES)('(%s) is told and left alone; rm -f removes it', async (_name, damage) => {
    const before = lookAround();
    const id = await skiff('create', '--name', 'bad', ...SLEEPING);
    const text = damage(recordOf(id));
    fs.writeFileSync(path.join(fileRoot(), 'containers', id, 'state.json'), text);
    expect(await list()).toMatchObject([{ id, status: 'dead', error: 'its record cannot be read' }]);
    expect((await run(['run', 'true'])).code).toBe(0);
    for (const command of ['start', 'stop', 'kill', 'attach', 'rename']) {
      const args = command === 'rename' ? [command, id, 'better'] : [command, id];
      const { code, stderr } = await attempt(args);
      expect({ command, code, first: stderr.split('\n')[0] }).toEqual({
        command,
        code: 1,
        first: `skiff: cannot use container ${id.slice(0, 12)}: its record cannot be read`,
      });
    }
    expect((await attempt(['rm', id])).code).toBe(1);
    expect(fs.readFileSync(path.join(fileRoot(), 'containers', id, 'state.json'), 'utf8')).toBe(text);
    await skiff('rm', '-f', id);
    expect(await list()).toEqual([]);
    expect(containersOf(fileRoot())).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  });

  it('while it runs: rm -f ends it for good, restart policy or not', async () => {
    const before = lookAround();
    const id = await skiff('run', '-d', '--restart', 'always', ...SLEEPING);
    const { monitor, init } = recordOf(id).state!;
    fs.writeFileSync(path.join(fileRoot(), 'containers', id, 'state.json'), 'spoilt');
    expect((await attempt(['rm', id])).code).toBe(1);
    expect(isRunning(init!.pid)).toBe(true);
    await skiff('rm', '-f', id);
    await until('its monitor has ended', () => !isRunning(monitor!.pid) || undefined);
    expect(isRunning(init!.pid)).toBe(false);
    expect(containersOf(fileRoot())).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  });
});

it('a record of a later version is told and left alone; rm needs -f', async () => {
  const id = await skiff('create', '--name', 'later', ...SLEEPING);
  rewrite(id, record => ({ ...record, version: 2, owner: 'somebody', state: { status: 'dreaming' } }));
  const text = fs.readFileSync(path.join(fileRoot(), 'containers', id, 'state.json'), 'utf8');
  expect(await list()).toMatchObject([
    { id, status: 'dead', error: 'it was made by a later version of skiff' },
  ]);
  expect(await attempt(['start', id])).toEqual({
    code: 1,
    stderr: `skiff: cannot use container ${id.slice(0, 12)}: it was made by a later version of skiff\nUse that version.\n`,
  });
  expect(await attempt(['rm', id])).toEqual({
    code: 1,
    stderr: `skiff: cannot remove container ${id}: it was made by a later version of skiff\nRemove it by force: skiff rm -f ${id}\n`,
  });
  expect(fs.readFileSync(path.join(fileRoot(), 'containers', id, 'state.json'), 'utf8')).toBe(text);
  await skiff('rm', '-f', id);
  await using engine = await Skiff.open({ root: fileRoot() });
  await engine.sweep();
  expect(containersOf(fileRoot())).toEqual([]);
});

describe('a full disk', () => {
  it('costs lines of the log, not the container: it goes on, is stopped and removed', async () => {
    const layers = tempRoot();
    await using engine = await Skiff.open({ root: layers });
    const [layer] = await engine.layers();
    const root = tempRoot();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'skiff-full', root]);
    try {
      const script =
        'i=0; while :; do i=$((i+1)); echo line $i; test -e /dev/shm/stop && break; done; exit 6';
      const started = await run(['run', '-d', '--rootfs', layer!, 'sh', '-c', script], { root });
      expect(started).toMatchObject({ code: 0, stderr: '' });
      const id = started.stdout.toString().trim();
      const { state } = await until('lines are lost', () => {
        const record = recordOf(id, root);
        return (record.state?.logLinesLost ?? 0) > 0 && record;
      });
      expect(state).toMatchObject({ status: 'running' });
      // What is taken back of an entry that did not fit is free again.
      expect(fs.statfsSync(root).bavail).toBeLessThan(32);
      const lost = state!.logLinesLost!;
      await until('it goes on', async () => {
        await sleep(100);
        return isRunning(state!.init!.pid);
      });
      fs.writeFileSync(`/proc/${state!.init!.pid}/root/dev/shm/stop`, '');
      expect((await run(['wait', id], { root })).stdout.toString()).toBe('6\n');
      expect(recordOf(id, root).state).toMatchObject({ status: 'exited', exitCode: 6 });
      expect(recordOf(id, root).state!.logLinesLost).toBeGreaterThanOrEqual(lost);
      // A line may have lost its end with what came behind it, but none is there twice or comes too early.
      const lines = linesOf(id, root).flatMap(line => /^line (\d+)$/.exec(line)?.[1] ?? []);
      const numbers = lines.map(Number);
      expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
      expect(numbers.length).toBeGreaterThan(1000);
      expect(await run(['rm', id], { root })).toMatchObject({ code: 0, stderr: '' });
      expect(containersOf(root)).toEqual([]);
    } finally {
      await run(['rm', '-f', ...fs.readdirSync(path.join(root, 'containers'))], { root });
      execFileSync('umount', [root]);
    }
  });
});
