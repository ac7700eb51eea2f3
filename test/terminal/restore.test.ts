/*
 * The terminal of the caller is as it was, whatever ends the container, skiff or the terminal itself. A shell without
 * job control writes down the modes before and after; it would not repair them.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, skiffProgram } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';
import { watchdogsOf } from '../life/support';
import {
  children,
  containersLeft,
  ModeCheck,
  modes,
  onlyContainer,
  PROMPT,
  startInTerminal,
  START_MS,
} from './support';

let check: ModeCheck | undefined;

afterEach(async () => {
  await check?.kill();
  check = undefined;
});

/** A shell in a container, in raw mode for sure. */
async function startShell(args = '-ti sh', env: Record<string, string> = {}): Promise<ModeCheck> {
  check = await ModeCheck.start(args, env);
  await check.terminal.waitFor(PROMPT, START_MS);
  const pid = await check.skiff();
  await until('raw mode', () => isRaw(pid));
  return check;
}

/** Ctrl-C is a key like others: not even a shell's line editor does that. */
function isRaw(pid: number): boolean {
  return modes(pid).includes('-isig');
}

/** The modes are restored, and one further command removes what was left. */
async function expectRestored(code: number): Promise<void> {
  const end = await check!.end();
  expect(end.after).toBe(end.before);
  expect(end.before).toMatch(/\bisig icanon\b/);
  expect(end.code).toBe(code);
  const ran = await run(['run', 'true']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(containersLeft()).toEqual([]);
}

it('after the end of the shell', async () => {
  const { terminal } = await startShell();
  await terminal.enter('exit 7');
  await expectRestored(7);
});

it('after a command that could not be run', async () => {
  check = await ModeCheck.start('-ti nosuch');
  await expectRestored(127);
});

it('after a command that leaves its own terminal in raw mode', async () => {
  const { terminal } = await startShell();
  await terminal.enter('stty raw -echo; exit 5');
  await expectRestored(5);
});

it('when the first process of the container is killed', async () => {
  await startShell();
  process.kill((await onlyContainer()).init, 'SIGKILL');
  await expectRestored(137);
});

it('when the timeout kills the container', async () => {
  await startShell('-ti --timeout 5s sh');
  await expectRestored(137);
});

it('when the command is ended by a SIGTERM to skiff', async () => {
  check = await ModeCheck.start(`-ti sh -c 'trap "exit 9" TERM; echo rea""dy; while :; do sleep 0.1; done'`);
  await check.terminal.waitFor(/^ready$/m, START_MS);
  process.kill(await check.skiff(), 'SIGTERM');
  await expectRestored(9);
});

it('when the third SIGTERM ends a command that ignores it', async () => {
  const { terminal } = await startShell();
  const pid = await check!.skiff();
  await terminal.enter('trap \'echo "got TERM"\' TERM; echo se""t');
  await terminal.waitFor(/^set$/m);
  for (let count = 1; count <= 2; count += 1) {
    process.kill(pid, 'SIGTERM');
    await terminal.sendKeys('Enter');
    await until(`${count} times`, async () => {
      const screen = await terminal.capturePane();
      return (screen.match(/^got TERM$/gm) ?? []).length === count;
    });
  }
  process.kill(pid, 'SIGTERM');
  await expectRestored(137);
});

it.each([
  ['SIGKILL', 137],
  ['SIGSEGV', 139],
  ['SIGABRT', 134],
] as const)('when skiff itself is ended by %s, and the container with it', async (signal, code) => {
  await startShell();
  const { init } = await onlyContainer();
  process.kill(await check!.skiff(), signal);
  await until('end of the container', () => !fs.existsSync(`/proc/${init}`));
  // The shell writes the modes down at once: sooner than the watchdog may be on a busy machine.
  await check!.end();
  await expectRestoredSoon(code);
});

it('when skiff is killed after its watchdog was, and another has taken its place', async () => {
  await startShell();
  const pid = await check!.skiff();
  const [first] = watchdogsOf(pid);
  process.kill(first!, 'SIGKILL');
  await until('another watchdog', () => watchdogsOf(pid).some(other => other !== first));
  // It is told of what it guards right after its start.
  await sleep(200);
  process.kill(pid, 'SIGKILL');
  await check!.end();
  await expectRestoredSoon(137);
});

it('when an error that nobody expected ends skiff', async () => {
  const directory = tempDirectory();
  try {
    const module = path.join(directory.path, 'crash.js');
    const flag = path.join(directory.path, 'now');
    fs.writeFileSync(
      module,
      `const fs = require('node:fs');
setInterval(() => { if (fs.existsSync(${JSON.stringify(flag)})) throw new Error('crash'); }, 50).unref();`,
    );
    await startShell('-ti sh', { NODE_OPTIONS: `--require=${module}` });
    fs.writeFileSync(flag, '');
    await check!.end();
    await expectRestoredSoon(1);
  } finally {
    directory.remove();
  }
});

it('when the terminal is closed: the container ends', async () => {
  const terminal = await startInTerminal(['-ti', 'sh']);
  await terminal.waitFor(PROMPT, START_MS);
  const { directory } = await onlyContainer();
  await terminal.kill();
  await until('removal of the container', () => !fs.existsSync(directory), 8_000);
});

it('when the terminal is closed: also what does not care ends, a little later', async () => {
  const terminal = await startInTerminal(['-ti', 'sleep', '1000']);
  const { directory } = await onlyContainer();
  await until('raw mode', async () => isRaw(await terminal.pid()));
  await terminal.kill();
  await until('removal of the container', () => !fs.existsSync(directory), 30_000);
});

/** {@link expectRestored} for modes that another process restores, a moment after the end of skiff. */
async function expectRestoredSoon(code: number): Promise<void> {
  const { before } = await check!.end();
  const shell = await check!.terminal.pid();
  await until('restored modes', () => modes(shell) === before);
  expect((await check!.end()).code).toBe(code);
  expect((await run(['run', 'true'])).code).toBe(0);
  expect(containersLeft()).toEqual([]);
}

describe('stopped and continued', () => {
  it('by SIGSTOP and SIGCONT: the shell goes on, and keys that were pressed meanwhile arrive', async () => {
    const { terminal } = await startShell();
    const pid = await check!.skiff();
    process.kill(pid, 'SIGSTOP');
    await terminal.enter('echo "wh""ile"');
    process.kill(pid, 'SIGCONT');
    await terminal.waitFor(/^while$/m);
    await terminal.enter('exit 6');
    await expectRestored(6);
  });

  it('under a shell with job control, which takes the terminal back meanwhile', async () => {
    const directory = tempDirectory();
    const terminal = await Tmux.start(['bash', '--norc', '-i'], {
      cwd: directory.path,
      env: { PS1: 'host> ' },
    });
    try {
      await terminal.waitFor('host>');
      await terminal.enter(
        `SKIFF_ROOT='${process.env.TMPDIR}/root-jobs' '${skiffProgram}' run -ti sh; echo "code=$?"`,
      );
      await terminal.waitFor(PROMPT, START_MS);
      const bash = await terminal.pid();
      const pid = children(bash)[0]!;
      process.kill(pid, 'SIGSTOP');
      await terminal.waitFor(/Stopped/);
      await until('modes of the host', () => !isRaw(bash));
      await terminal.enter('fg');
      await until('raw mode', () => isRaw(bash));
      await terminal.enter('echo "in""side"');
      await terminal.waitFor(/^inside$/m);
      await terminal.enter('exit 8');
      await until('modes of the host', () => !isRaw(bash));
      await terminal.enter('echo "ou""tside"; exit');
      await terminal.waitFor(/^outside$/m);
      await terminal.exitCode();
    } finally {
      await terminal.kill();
      directory.remove();
    }
  });
});
