/** The API of one process: results, errors, names, keeping, many runs at once, and the end of an engine. */
import fs from 'node:fs';
import { text } from 'node:stream/consumers';
import { isKeptAhead } from '../helpers/ahead';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib/engine';
import { SkiffError } from '../../lib/common/errors';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { commandLine, processesNaming, processesWith, sh, useSkiff } from './support';

const skiff = useSkiff();

/** Nobody else's command has such an argument. */
const MARK = `api-${process.pid}`;

/** A command that only SIGKILL of PID 1 can end: double-forked, in sessions of its own, deaf to signals. */
const STUBBORN = sh(`
  trap '' TERM HUP INT
  (setsid sh -c "trap '' TERM HUP INT; while :; do sleep 600; done; : ${MARK}" &) &
  echo up; while :; do sleep 600; done; : ${MARK}`);

/** Everything of a container that could be left of it below a root. */
function leftIn(root: string): string[] {
  return ['containers', 'names'].flatMap(part => {
    const folder = `${root}/${part}`;
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return names.filter(name => !isKeptAhead(name)).map(name => `${part}/${name}`);
  });
}

describe('run', () => {
  test('takes no option from a member that is called __proto__', async () => {
    const options = JSON.parse('{"__proto__": {"privileged": true, "reject": true}}') as object;
    const effective = sh('grep CapEff /proc/self/status; exit 3');
    const [{ stdout }, plain] = await Promise.all([skiff().run(effective, options), skiff().run(effective)]);
    expect(stdout).toBe(plain.stdout);
  });

  test('resolves with all of the result', async () => {
    const result = await skiff().run(sh('echo out; echo err >&2; exit 3'));
    expect(result).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      exitCode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: { stdout: false, stderr: false },
      timedOut: false,
      oomKilled: false,
      durationMs: expect.any(Number) as number,
      usage: { cpuMs: expect.any(Number) as number, memoryPeakBytes: expect.any(Number) as number },
      verdict: {
        status: 'nonzero',
        cpuMs: result.usage.cpuMs,
        wallMs: expect.any(Number) as number,
        memoryPeakBytes: result.usage.memoryPeakBytes,
      },
      files: {},
    });
    expect(result.durationMs).toBeGreaterThan(0);
    expect(leftIn(skiff().root)).toEqual([]);
  });

  test('a signal that ends the command', async () => {
    // PID 1 can not kill itself: its child does it, and init tells.
    expect(await skiff().run(sh('kill -9 $$'), { init: true })).toMatchObject({ exitCode: 137 });
  });

  test('reject: an error with the result in it, and the exit code', async () => {
    const error: unknown = await skiff()
      .run(sh('echo out; exit 3'), { reject: true })
      .catch((reason: unknown) => reason);
    expect(SkiffError.is(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'SkiffError',
      code: 'COMMAND_FAILED',
      message: '"sh" ended with exit code 3',
      exitCode: 3,
      cause: { exitCode: 3, stdout: 'out\n' },
    });
    expect(await skiff().run(['true'], { reject: true })).toMatchObject({ exitCode: 0 });
  });

  test.each([
    [['nosuch'], { code: 'ENOENT', step: 'exec', exitCode: 127 }],
    [['/etc/passwd'], { code: 'EACCES', syscall: 'execve', step: 'exec', exitCode: 126 }],
  ])('%j rejects with code, call and step', async (command, expected) => {
    const error: unknown = await skiff()
      .run(command)
      .catch((reason: unknown) => reason);
    expect(SkiffError.is(error)).toBe(true);
    expect(error).toMatchObject(expected);
    // The addon's error; not by instanceof, for it is of node's realm and not of jest's.
    expect((error as SkiffError).cause).toMatchObject({
      code: expected.code,
      message: expect.any(String) as string,
    });
    expect(leftIn(skiff().root)).toEqual([]);
  });

  test.each<[string, unknown, object, string]>([
    ['a command that is a text', 'ls', {}, 'the command must be a list of texts'],
    ['an argument that is a number', ['echo', 1], {}, 'the command must be a list of texts'],
    [
      'a memory of the wrong type',
      ['true'],
      { memory: {} },
      'invalid option memory: a number, or text such as 64m',
    ],
    ['an environment of the wrong type', ['true'], { env: 5 }, 'invalid option env: an object of texts'],
    ['a negative maxBuffer', ['true'], { maxBuffer: -1 }, 'invalid maxBuffer: -1'],
    ['a timeout that is none', ['true'], { timeout: NaN }, 'invalid timeout: NaN'],
    ['two roots', ['true'], { image: 'busybox', rootfs: '/' }, 'image and rootfs exclude each other'],
  ])('%s is refused before anything is made', async (_, command, options, message) => {
    await expect(skiff().run(command as string[], options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    });
    expect(leftIn(skiff().root)).toEqual([]);
  });
});

describe('abort', () => {
  test('before the call: nothing is started', async () => {
    const signal = AbortSignal.abort(new Error('no more'));
    const aborted = { code: 'ABORT_ERR', message: '"touch" was aborted', cause: { message: 'no more' } };
    await expect(skiff().run(['touch', '/x'], { signal })).rejects.toMatchObject(aborted);
    await expect(skiff().start(['touch', '/x'], { signal })).rejects.toMatchObject(aborted);
  });

  test('while it runs: rejects when every process is gone', async () => {
    const controller = new AbortController();
    const running = skiff().run(STUBBORN, { signal: controller.signal });
    await until('both loops', () => processesNaming(MARK).length >= 2);
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect(processesNaming(MARK)).toEqual([]);
    expect(leftIn(skiff().root)).toEqual([]);
  });

  test('at any moment of the start: nothing is left', async () => {
    for (let delay = 0; delay < 12; delay += 1) {
      const signal = AbortSignal.timeout(delay);
      await expect(skiff().run(['sleep', '600'], { signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
      expect(leftIn(skiff().root)).toEqual([]);
    }
  });

  test('of a started container: its end is told by wait', async () => {
    const controller = new AbortController();
    const container = await skiff().start(STUBBORN, { signal: controller.signal, stdout: 'ignore' });
    container.stderr!.resume();
    controller.abort();
    expect(await container.wait()).toMatchObject({ exitCode: 137, signal: 'SIGKILL', timedOut: false });
    expect(processesNaming(MARK)).toEqual([]);
  });

  test('after the end: nothing happens, and the listener is gone', async () => {
    const controller = new AbortController();
    const result = await skiff().run(['true'], { signal: controller.signal });
    controller.abort();
    expect(result.exitCode).toBe(0);
  });
});

describe('a started container', () => {
  test('tells who it is', async () => {
    await using container = await skiff().start(['sleep', '600'], { name: 'web' });
    expect(container).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{64}$/) as string, name: 'web' });
    await until('sleep', () => commandLine(container.pid) === 'sleep 600');
  });

  test('await using ends it', async () => {
    let pids: number[];
    {
      await using container = await skiff().start(['sleep', '600']);
      pids = processesWith(container.pid);
      expect(pids).toEqual([container.pid]);
    }
    expect(pids.filter(pid => commandLine(pid) === 'sleep 600')).toEqual([]);
    expect(leftIn(skiff().root)).toEqual([]);
  });

  test('can be waited for often, and removed twice', async () => {
    const container = await skiff().start(['true']);
    const [first, second] = await Promise.all([container.wait(), container.wait()]);
    expect(first).toEqual(second);
    await container.remove();
    await container.remove();
    expect(container.kill()).toBe(false);
  });

  test('a name is free again after its container, and belongs to one at a time', async () => {
    const first = await skiff().start(['sleep', '600'], { name: 'only' });
    await expect(skiff().start(['true'], { name: 'only' })).rejects.toMatchObject({ code: 'NAME_IN_USE' });
    // The name is taken for this root alone, and from other engines of it too.
    await using other = await Skiff.open({ root: skiff().root });
    await expect(other.start(['true'], { name: 'only' })).rejects.toMatchObject({ code: 'NAME_IN_USE' });
    await first.remove();
    expect(await skiff().run(['true'], { name: 'only' })).toMatchObject({ exitCode: 0 });
  });

  test('keep: the write layer and the name stay until it is removed', async () => {
    const container = await skiff().start(sh('echo kept > /file'), { keep: true, name: 'kept' });
    await container.wait();
    const directory = `${skiff().root}/containers/${container.id}`;
    expect(fs.readFileSync(`${directory}/writeLayer/file`, 'utf8')).toBe('kept\n');
    expect(leftIn(skiff().root).sort()).toEqual([`containers/${container.id}`, 'names/kept']);
    await skiff().sweep();
    expect(fs.existsSync(`${directory}/writeLayer/file`)).toBe(true);
    await container.remove();
    expect(leftIn(skiff().root)).toEqual([]);
  });
});

describe('launch', () => {
  test('of what can be executed is as start', async () => {
    await using container = await skiff().launch(sh('echo out; exit 3'));
    expect(await text(container.stdout!)).toBe('out\n');
    expect(await container.wait()).toMatchObject({ exitCode: 3, verdict: { status: 'nonzero' } });
  });

  test('of what cannot: wait tells, start does; nothing is left', async () => {
    const expected = { code: 'ENOENT', step: 'exec', exitCode: 127 };
    const container = await skiff().launch(['nosuch']);
    await expect(container.wait()).rejects.toMatchObject(expected);
    await expect(skiff().start(['nosuch'])).rejects.toMatchObject(expected);
    expect(leftIn(skiff().root)).toEqual([]);
  });
});

describe('close', () => {
  test('ends what runs, and all of it is gone', async () => {
    const root = tempRoot();
    const engine = await Skiff.open({ root });
    const containers = await Promise.all([
      engine.start(STUBBORN, { stdout: 'ignore', stderr: 'ignore' }),
      engine.start(['sleep', '600'], { stdout: 'ignore', stderr: 'ignore' }),
    ]);
    await engine.close();
    for (const container of containers) expect(await container.wait()).toMatchObject({ signal: 'SIGKILL' });
    expect(processesNaming(MARK)).toEqual([]);
    expect(leftIn(root)).toEqual([]);
  });

  test('waits for what is just being started', async () => {
    const root = tempRoot();
    const engine = await Skiff.open({ root });
    const run = engine.run(['sleep', '600']);
    await engine.close();
    expect(await run).toMatchObject({ exitCode: 137 });
    expect(leftIn(root)).toEqual([]);
  });

  test('twice is as once; afterwards nothing can be started', async () => {
    const engine = await Skiff.open({ root: tempRoot() });
    await Promise.all([engine.close(), engine.close()]);
    await expect(engine.run(['true'])).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('two engines of one process do not know each other', async () => {
    const [one, two] = [await Skiff.open({ root: tempRoot() }), await Skiff.open({ root: tempRoot() })];
    const container = await two.start(['sleep', '600'], { stdout: 'ignore', stderr: 'ignore' });
    await one.close();
    expect(commandLine(container.pid)).not.toBe('');
    await two.close();
    expect(commandLine(container.pid)).toBe('');
  });
});

test('200 runs in flight: all right, and no more threads or descriptors than are kept', async () => {
  // What is made once and kept: the thread pool, and node's own descriptors.
  await Promise.all(Array.from({ length: 8 }, () => skiff().run(['true'])));
  const before = counts();
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      skiff().run(sh('cat; echo $1', String(index)), { input: `${index} ` }),
    ),
  );
  expect(results.map(({ stdout }) => stdout)).toEqual(results.map((_, index) => `${index} ${index}\n`));
  await sleep(50);
  // What is kept ready for a while, a network namespace and a mount, may be there at one time and not at the other.
  const { threads, descriptors } = counts();
  // Four at most wait for the ends of containers, one at least since the first.
  expect(threads).toBeLessThanOrEqual(before.threads + 3);
  expect(descriptors).toBeLessThanOrEqual(before.descriptors + 2);
  expect(leftIn(skiff().root)).toEqual([]);
}, 120_000);

function counts(): { threads: number; descriptors: number } {
  return {
    threads: fs.readdirSync('/proc/self/task').length,
    descriptors: fs.readdirSync('/proc/self/fd').length,
  };
}
