/** Commands in containers by the API: streams, results, limits of time, errors. */
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { commandLine, processesWith, sh, useSkiff, waiting } from '../run/support';
import type { ContainerHandle } from '../../lib/engine/container';

const skiff = useSkiff();
let container: ContainerHandle;

beforeAll(async () => {
  container = (await waiting(skiff(), { name: 'api' })) as ContainerHandle;
});
afterAll(() => container.remove());

describe('streams', () => {
  test('both ways, and apart', async () => {
    const process = await skiff().exec('api', sh('read line; echo "got $line"; echo oops >&2; exit 3'));
    const read = async (stream: AsyncIterable<Buffer>) => {
      let text = '';
      for await (const chunk of stream) text += chunk.toString();
      return text;
    };
    const both = Promise.all([read(process.stdout!), read(process.stderr!)]);
    process.stdin!.end('word\n');
    expect(await both).toEqual(['got word\n', 'oops\n']);
    const result = await process.wait();
    expect(result).toMatchObject({ id: container.id, exitCode: 3, signal: null, timedOut: false });
    expect(result.durationMs).toBeGreaterThan(0);
    expect(result.usage.memoryPeakBytes).toBeGreaterThan(0);
  });

  test('a megabyte of bytes through it comes back as it was', async () => {
    const input = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => (at * 7919) % 256));
    const { stdout } = await skiff().execToEnd('api', ['cat'], { input, encoding: 'buffer' });
    expect(stdout.equals(input)).toBe(true);
  });

  test('what is beyond maxBuffer is dropped and said', async () => {
    const result = await container.execToEnd(sh('head -c 5000 /dev/zero'), { maxBuffer: 100 });
    expect(result.stdout).toHaveLength(100);
    expect(result.truncated).toEqual({ stdout: true, stderr: false });
  });

  test('a descriptor of the caller’s is written to directly', async () => {
    const file = path.join(skiff().root, 'written');
    const fd = fs.openSync(file, 'w');
    const process = await container.exec(['echo', 'direct'], { stdin: 'ignore', stdout: fd });
    await process.wait();
    fs.closeSync(fd);
    expect(fs.readFileSync(file, 'utf8')).toBe('direct\n');
    expect(process.stdout).toBeNull();
  });
});

describe('terminal', () => {
  test('of its own, in the container’s devpts, with the size asked for', async () => {
    const process = await container.exec(sh('tty; echo ready; read x; echo done'), {
      tty: { rows: 33, columns: 99 },
    });
    let text = '';
    process.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until('the prompt', () => text.includes('ready') || undefined);
    expect(text).toMatch(/^\/dev\/pts\/\d+\r\nready/);
    const sized = await container.execToEnd(sh('stty size -F /dev/pts/0; stty -F /dev/pts/0 size'));
    expect(sized.stdout).toContain('33 99');
    process.resize({ rows: 12, columns: 34 });
    expect((await container.execToEnd(sh('stty -F /dev/pts/0 size'))).stdout).toBe('12 34\n');
    process.stdin!.write('\n');
    expect((await process.wait()).exitCode).toBe(0);
    await until('the end of the output', () => text.includes('done') || undefined);
  });

  test('/dev/console stays what it was', async () => {
    await using own = await skiff().start(sh('echo up; read x'), { tty: true });
    own.stdout!.resume();
    const look = async (tty: boolean) => {
      const process = await own.exec(sh('cat /proc/self/mountinfo'), { tty });
      let text = '';
      process.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await process.wait();
      await until('all of the output', () => text.includes('/proc/sys ') || undefined);
      return text.replaceAll('\r', '');
    };
    expect(await look(true)).toBe(await look(false));
  });
});

describe('ends', () => {
  test('by a signal, with its number as the shells have it', async () => {
    const process = await container.exec(['sleep', '1000']);
    expect(process.kill('SIGTERM')).toBe(true);
    expect(await process.wait()).toMatchObject({ exitCode: 143, signal: 'SIGTERM' });
    expect(process.kill()).toBe(false);
  });

  test('by its timeout', async () => {
    const result = await container.execToEnd(['sleep', '1000'], { timeout: 50 });
    expect(result).toMatchObject({ exitCode: 137, timedOut: true });
  });

  test('by an abort', async () => {
    const controller = new AbortController();
    const process = await container.exec(['sleep', '1000'], { signal: controller.signal });
    controller.abort();
    expect(await process.wait()).toMatchObject({ exitCode: 137, timedOut: false });
    await expect(container.exec(['true'], { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
  });

  test('at the end of its scope', async () => {
    let pid: number;
    {
      await using process = await container.exec(['sleep', '1001']);
      pid = process.pid;
      expect(commandLine(pid)).toBe('sleep 1001');
    }
    expect(processesWith(container.pid)).not.toContain(pid);
  });
});

describe('is refused', () => {
  test.each<[what: string, command: string[], options: object, error: object]>([
    ['a program that is not there', ['nope'], {}, { exitCode: 127, code: 'ENOENT', step: 'exec' }],
    ['a path that is not there', ['/no/such'], {}, { exitCode: 127, code: 'ENOENT' }],
    ['what is no program', ['/etc/passwd'], {}, { exitCode: 126, code: 'EACCES' }],
    ['a directory', ['/etc'], {}, { exitCode: 126 }],
    ['a working directory that is missing', ['true'], { cwd: '/nope' }, { exitCode: 127, path: '/nope' }],
    ['a relative working directory', ['true'], { cwd: 'x' }, { code: 'INVALID_ARGUMENT' }],
    ['no command', [], {}, { code: 'INVALID_ARGUMENT' }],
    ['a NUL', ['a\0b'], {}, { code: 'INVALID_ARGUMENT' }],
    ['a variable without a name', ['true'], { env: ['=x'] }, { code: 'INVALID_ARGUMENT' }],
    ['an impossible size', ['true'], { tty: { rows: -1, columns: 5 } }, { code: 'INVALID_ARGUMENT' }],
    ['a descriptor that is not open', ['true'], { stdout: 999 }, { code: 'INVALID_ARGUMENT' }],
  ])('%s', async (_, command, options, error) => {
    await expect(container.exec(command, options)).rejects.toMatchObject(error);
    expect(processesWith(container.pid)).toEqual([container.pid]);
  });

  test('an argument list that is too long, in time', async () => {
    const words = Array.from({ length: 40 }, () => 'x'.repeat(130_000));
    await expect(container.exec(['true', ...words])).rejects.toMatchObject({ code: 'E2BIG', exitCode: 126 });
  });

  test('a container that there is not, or that has ended', async () => {
    await expect(skiff().exec('nobody', ['true'])).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      exitCode: 1,
    });
    const kept = await skiff().start(['true'], { name: 'ended', keep: true });
    await kept.wait();
    await expect(skiff().exec('ended', ['true'])).rejects.toMatchObject({
      code: 'CONTAINER_NOT_RUNNING',
      message: `container ${kept.id.slice(0, 12)} is not running`,
      exitCode: 1,
    });
    await skiff().remove('ended');
  });

  test('a Skiff that is closed', async () => {
    const other = await Skiff.open({ root: tempRoot() });
    await other.close();
    await expect(other.exec('api', ['true'])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

test('by name, id and the beginning of the id', async () => {
  for (const reference of ['api', container.id, container.id.slice(0, 10)]) {
    expect(await skiff().execToEnd(reference, ['echo', 'hi'])).toMatchObject({ stdout: 'hi\n' });
  }
});
