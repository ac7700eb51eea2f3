/** How commands in a container begin and end: many of them, with the container, with whoever started them. */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '../../lib/cgroup';
import { hostKernel } from '../../lib/cgroup/kernel';
import { initPath } from '../../lib/engine';
import { native } from '../../lib/native';
import { itIf } from '../helpers/conditions';
import {
  cgroupsOf,
  commandOf,
  descendantsOf,
  haveFirstStarts,
  isRunning,
  leftSince,
  lookAround,
  Program,
} from '../life/support';
import type { Snapshot } from '../helpers/leaks';
import { until } from '../helpers/wait';
import { canLimit } from '../helpers/user-mode';
import { commandLine, processesWith, sh, statusField, useSkiff, waiting } from '../run/support';

const skiff = useSkiff();

// As a user there is none.
beforeAll(() => haveFirstStarts(skiff()));
afterEach(() => Program.endAll());

/** Open files of this process, by what they are. */
function openFiles(): string[] {
  return (
    fs
      .readdirSync('/proc/self/fd')
      .flatMap(fd => {
        try {
          return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
        } catch {
          // The descriptor that the directory was read by.
          return [];
        }
      })
      .map(target => target.replace(/\d+/g, 'N'))
      // The engine keeps some in reserve, and now and then a network namespace in place of one.
      .filter(target => target !== '/dev/null' && !target.startsWith('net:'))
      .sort()
  );
}

/** What others left; this process's own descriptors come and go with its reserve. */
async function leftInProcesses(before: Snapshot): Promise<string[]> {
  return (await leftSince(before)).filter(line => !line.startsWith('descriptor '));
}

test('a hundred at once, each with its own answer, in one PID namespace', async () => {
  await using container = await waiting(skiff());
  const commands = Array.from({ length: 100 }, (_, at) =>
    container.execToEnd(sh('echo $1; exit $2', `n${at}`, `${at}`)),
  );
  const results = await Promise.all(commands);
  expect(results.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual(
    results.map((_, at) => [at, `n${at}\n`]),
  );
  expect(processesWith(container.pid)).toEqual([container.pid]);
});

test('one after the other leaves no descriptor, no process and no zombie', async () => {
  await using container = await waiting(skiff());
  await container.execToEnd(['true']);
  // What tests before this one have closed may still be on its way.
  await until('descriptors that stay as they are', async () => {
    const seen = openFiles().join();
    await new Promise(resolve => setTimeout(resolve, 100));
    return openFiles().join() === seen;
  });
  const before = { files: openFiles(), processes: descendantsOf(process.pid) };
  for (let round = 0; round < 30; round += 1) {
    const command = round % 3 === 0 ? ['no-such-program'] : ['echo', 'hi'];
    await container.execToEnd(command, { tty: round % 3 === 1 }).catch(() => undefined);
  }
  const after = () => ({ files: openFiles(), processes: descendantsOf(process.pid) });
  await until('streams that are closed', () => after().files.length === before.files.length || undefined);
  expect(after()).toEqual(before);
});

test("the container's end is that of every command in it: 137", async () => {
  await using container = await waiting(skiff());
  const commands = await Promise.all([1, 2, 3].map(() => container.exec(sh('trap "" TERM INT; sleep 1000'))));
  container.kill('SIGKILL');
  for (const command of commands) {
    expect(await command.wait()).toMatchObject({ exitCode: 137, signal: 'SIGKILL', oomKilled: false });
  }
  expect(await container.wait()).toMatchObject({ exitCode: 137 });
});

test('a command that starts while the container ends is ended, or told that it does not run', async () => {
  const before = descendantsOf(process.pid);
  for (let round = 0; round < 40; round += 1) {
    const container = await waiting(skiff());
    const attempts = [1, 2, 3].map(() => container.execToEnd(['sleep', '1000']));
    // From before the first clone to after the last execve.
    await sleep((round % 10) * 0.7);
    container.kill('SIGKILL');
    for (const attempt of await Promise.allSettled(attempts)) {
      if (attempt.status === 'fulfilled') expect(attempt.value.exitCode).toBe(137);
      else expect(attempt.reason).toMatchObject({ code: 'CONTAINER_NOT_RUNNING', exitCode: 1 });
    }
    await container.wait();
  }
  await untilNoMoreThan(before);
});

test('killing what enters, at any moment, leaves nothing of it', async () => {
  await using container = await waiting(skiff());
  await container.execToEnd(['true']);
  const before = descendantsOf(process.pid);
  let killed = 0;
  for (let round = 0; round < 24; round += 1) {
    let done = false;
    const attempt = container.execToEnd(['sleep', '0.01']).then(
      result => result.exitCode,
      (error: unknown) => error,
    );
    void attempt.then(() => (done = true));
    while (!done && round % 4 !== 3) {
      const found = descendantsOf(process.pid).find(pid => commandOf(pid) === 'skiff-exec');
      if (found !== undefined && killAny(found)) killed += 1;
      await sleep(0);
    }
    await attempt;
  }
  expect(killed).toBeGreaterThan(0);
  await untilNoMoreThan(before);
  expect(await container.execToEnd(['echo', 'alive'])).toMatchObject({ exitCode: 0, stdout: 'alive\n' });
});

/** What was there before may have ended, and another be there for a moment: a namespace is made ahead by a child. */
async function untilNoMoreThan(before: readonly number[]): Promise<void> {
  await until('no process but those of before', () =>
    descendantsOf(process.pid).every(pid => before.includes(pid)),
  );
}

function killAny(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
    return false;
  }
}

test('closing ends what runs, and the container that is another process’s goes on', async () => {
  const { Skiff } = await import('../../lib/engine');
  await using container = await waiting(skiff());
  const other = await Skiff.open({ root: skiff().root });
  const command = await other.exec(container.id, ['sleep', '1000']);
  await other.close();
  expect(await command.wait()).toMatchObject({ exitCode: 137 });
  expect(commandLine(container.pid)).toBe('cat');
});

test('kill -9 of the process that started it ends the command, and leaves nothing', async () => {
  await using container = await waiting(skiff());
  const before = lookAround();
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     const command = await skiff.exec(${JSON.stringify(container.id)}, ['sh', '-c', 'trap "" HUP TERM; sleep 1000']);
     say(command.pid);
     await hear();`,
    skiff().root,
  );
  const pid = (await program.heard<number>())!;
  expect(isRunning(pid)).toBe(true);
  await program.kill();
  await until('end of the command', () => !isRunning(pid) || undefined);
  expect(commandLine(container.pid)).toBe('cat');
  // What the command itself has started goes on, as in Docker; the container's end is its end.
  await container.execToEnd(['killall', 'sleep']);
  expect(await leftInProcesses(before)).toEqual([]);
});

test('kill -9 while it starts leaves nothing', async () => {
  await using container = await waiting(skiff());
  const before = lookAround();
  for (let round = 0; round < 12; round += 1) {
    const program = Program.start(
      `const skiff = await Skiff.open({ root });
       say('open');
       for (;;) await Promise.all([1, 2, 3].map(() => skiff.execToEnd(${JSON.stringify(container.id)}, ['sleep', '0.02'])));`,
      skiff().root,
    );
    await program.heard();
    await sleep(5 + round * 3);
    await program.kill();
  }
  expect(await leftInProcesses(before)).toEqual([]);
  // What has ended is the machine's process 1's to reap, which may take its time.
  expect(processesWith(container.pid).filter(isRunning)).toEqual([container.pid]);
});

describe('detached', () => {
  test('it outlives the process that started it, and ends with the container', async () => {
    const container = await waiting(skiff());
    const program = Program.start(
      `const skiff = await Skiff.open({ root });
       await skiff.execDetached(${JSON.stringify(container.id)}, ['sleep', '987']);
       await skiff.close();
       say('started');`,
      skiff().root,
    );
    await program.heard();
    await program.ended;
    const pid = processesWith(container.pid).find(other => commandLine(other) === 'sleep 987')!;
    expect(isRunning(pid)).toBe(true);
    expect(statusField(pid, 'PPid')).toBe('1');
    if (canLimit) expect(cgroupsOf(container.id)).not.toEqual([]);
    await container.remove();
    expect(isRunning(pid)).toBe(false);
  });

  test('that it cannot be executed is told', async () => {
    await using container = await waiting(skiff());
    await expect(skiff().execDetached(container.id, ['nope'])).rejects.toMatchObject({ exitCode: 127 });
    await until('its end', () => processesWith(container.pid).length === 1 || undefined);
  });
});

test('a pid that is another process’s by now is not entered', async () => {
  const container = await waiting(skiff());
  const file = `${skiff().root}/containers/${container.id}/state.json`;
  const record = JSON.parse(fs.readFileSync(file, 'utf8')) as { started: string };
  const write = (started: string) => fs.writeFileSync(file, JSON.stringify({ ...record, started }));
  const [, pid, startTime] = /^(\d+) (\d+)\. +$/.exec(record.started)!;
  write(`${pid} ${Number(startTime) - 1}.`);
  await expect(container.execToEnd(['true'])).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
  write(`${process.pid} ${startOf(process.pid)}.`);
  // Somebody else's record: a process that has no mount namespace of its own is never joined.
  await expect(container.execToEnd(['true'])).rejects.toMatchObject({
    code: canLimit ? 'CGROUP_UNAVAILABLE' : 'EINVAL',
  });
  // As one that reads meanwhile may find it: nobody knows yet who it is.
  write(`${pid} ${startTime!.slice(0, -1)}`);
  await expect(container.execToEnd(['true'])).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
  write(`${pid} ${startTime}.`);
  expect((await container.execToEnd(['true'])).exitCode).toBe(0);
  await container.remove();
});

function startOf(pid: number): string {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}

test('a process that has no mount namespace of its own is never joined', async () => {
  const init = native().openInit({ path: initPath() });
  const pidfd = native().openProcess({ pid: process.pid });
  try {
    await expect(native().enter({ init, pid: process.pid, pidfd, cgroups: [] })).rejects.toMatchObject({
      code: 'EINVAL',
      step: 'join',
    });
  } finally {
    native().close({ fds: [init, pidfd] });
  }
});

const v2 = detectCgroups().hierarchies.find(({ version }) => version === 2);

itIf(
  v2 !== undefined && hostKernel.writable(v2.own),
  'no cgroup2 that can be written to',
  'cgroup-v2',
)('what enters is in a cgroup of v2 from its first instruction', async () => {
  await using container = await waiting(skiff());
  const directory = `${v2!.own}/skiff-${native().randomId()}`;
  fs.mkdirSync(directory);
  const init = native().openInit({ path: initPath() });
  const pidfd = native().openProcess({ pid: container.pid });
  try {
    const cgroups = [{ path: directory, version: 2 as const, optional: false, settings: [] }];
    const entered = await native().enter({ init, pid: container.pid, pidfd, cgroups });
    const ended = new Promise(resolve => native().watchExit({ pidfd: entered.pidfd }, resolve));
    expect(fs.readFileSync(`${directory}/cgroup.procs`, 'latin1')).toBe(`${entered.pid}\n`);
    native().close({ fds: [entered.pipe] });
    await ended;
  } finally {
    native().close({ fds: [init, pidfd] });
    fs.rmdirSync(directory);
  }
});
