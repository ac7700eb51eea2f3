/** Being connected with a detached container: in a terminal, by pipes, by the API; one client and many. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib/engine';
import { MonitorConnection } from '../../lib/runtime/detached/control';
import { fileRoot, run, skiffProgram, start } from '../helpers/run';
import { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';
import { isRunning } from '../life/support';
import { readProc } from '../run/support';
import { PROMPT, START_MS } from '../terminal/support';
import { attempt, linesOf, logOf, recordOf, removeAllAfterEach, skiff, untilStatus } from './support';

const terminals: Tmux[] = [];

removeAllAfterEach();
afterEach(async () => {
  for (const terminal of terminals.splice(0)) await terminal.kill();
});

/** `./bin/run ARGS...` in a terminal of its own, which is closed after the test. */
async function inTerminal(args: string[], size: { columns?: number; rows?: number } = {}): Promise<Tmux> {
  const terminal = await Tmux.start([skiffProgram, ...args], { ...size, env: { SKIFF_ROOT: fileRoot() } });
  terminals.push(terminal);
  return terminal;
}

/** A shell that stays, and a terminal that is attached to it. */
async function attachedShell(size?: {
  columns: number;
  rows: number;
}): Promise<{ id: string; terminal: Tmux }> {
  const id = await skiff('run', '-dti', 'sh');
  const terminal = await inTerminal(['attach', id], size);
  await terminal.sendKeys('Enter');
  await terminal.waitFor(PROMPT, START_MS);
  return { id, terminal };
}

/** `attach` with pipes, once what it is told to send has come back. */
async function attachedCat(id: string, word: string) {
  const child = start(['attach', id]);
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  child.stdin.write(`${word}\n`);
  await until(`${word} comes back`, () => text.includes(word) || undefined, 20_000);
  return { child, closed, text: () => text };
}

describe('in a terminal', () => {
  it('keys go in, output comes out, ctrl-p ctrl-q lets go, and the shell lives on', async () => {
    const { id, terminal } = await attachedShell();
    await terminal.enter('cd /tmp; me=her""e; echo $me');
    await terminal.waitFor(/^here$/m);
    await terminal.sendKeys('C-p', 'C-q');
    expect(await terminal.exitCode()).toBe(0);
    expect(recordOf(id).state?.status).toBe('running');
    const again = await inTerminal(['attach', id]);
    await again.enter('echo "still $me in $PWD"');
    await again.waitFor(/^still here in \/tmp$/m, START_MS);
    await again.enter('exit 7');
    expect(await again.exitCode()).toBe(7);
    expect(recordOf(id).state).toMatchObject({ status: 'exited', exitCode: 7 });
    expect(logOf(id).join('\n')).toContain('still here in /tmp');
  });

  it('other keys let go of it where they are asked for, and ctrl-p alone is the command’s', async () => {
    const id = await skiff('run', '-dti', 'sh');
    const terminal = await inTerminal(['attach', '--detach-keys', 'ctrl-x,q', id]);
    await terminal.enter('echo fi""rst');
    await terminal.waitFor(/^first$/m, START_MS);
    await terminal.sendKeys('C-p');
    // The shell's editor shows the line before, which ctrl-p asks it for.
    await terminal.waitFor(/# echo fi""rst$/m);
    await terminal.sendKeys('Enter', 'C-x', 'q');
    expect(await terminal.exitCode()).toBe(0);
    expect(recordOf(id).state?.status).toBe('running');
  });

  it('has its size, from the first moment and when it changes', async () => {
    const { terminal } = await attachedShell({ columns: 90, rows: 20 });
    await terminal.enter('stty size');
    await terminal.waitFor(/^20 90$/m);
    await terminal.resize(70, 30);
    await until('the new size', async () => {
      await terminal.enter('stty size');
      await sleep(200);
      return /^30 70$/m.test(await terminal.capturePane());
    });
  });

  it('shows programs that take the whole screen: vi', async () => {
    const { terminal } = await attachedShell();
    await terminal.enter('vi /tmp/text');
    await terminal.waitFor(/^~$/m);
    await terminal.sendKeys('i');
    await terminal.enter('two words');
    await terminal.sendKeys('Escape');
    await terminal.enter(':wq');
    await terminal.enter('clear; cat /tmp/text');
    await terminal.waitFor(/^two words$/m);
  });

  it('is the terminal of ctrl-c: the command in it ends, the shell does not', async () => {
    const { terminal } = await attachedShell();
    await terminal.enter('sleep 1000; echo code=$?');
    await sleep(300);
    await terminal.sendKeys('C-c');
    await terminal.enter('echo "af""ter"');
    await terminal.waitFor(/^after$/m);
  });

  it('is shown to all that are attached', async () => {
    const { id, terminal } = await attachedShell();
    const other = await inTerminal(['attach', id]);
    await other.enter('echo "from oth""er"');
    await other.waitFor(/^from other$/m, START_MS);
    await terminal.waitFor(/^from other$/m);
    await terminal.sendKeys('C-p', 'C-q');
    await terminal.exitCode();
    await other.enter('echo "al""one"');
    await other.waitFor(/^alone$/m);
  });

  it('can be closed: the shell lives on', async () => {
    const { id, terminal } = await attachedShell();
    terminals.splice(0);
    await terminal.kill();
    await sleep(200);
    expect(recordOf(id).state?.status).toBe('running');
    const again = await inTerminal(['attach', id]);
    await again.enter('echo "al""ive"');
    await again.waitFor(/^alive$/m, START_MS);
  });

  it('needs one of the caller’s', async () => {
    const id = await skiff('run', '-dti', 'sh');
    const { code, stderr } = await attempt(['attach', id]);
    expect({ code, stderr }).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(/^skiff: .*not a TTY/),
    });
  });

  it('is not asked for where only its output is', async () => {
    const id = await skiff('run', '-dti', 'sh', '-c', 'sleep 1; echo done; exit 3');
    const ran = await run(['attach', '--no-stdin', id]);
    expect({ code: ran.code, stdout: ran.stdout.toString() }).toEqual({ code: 3, stdout: 'done\r\n' });
  });
});

describe('by pipes', () => {
  it('start -ai gives a pipe to the command to its end, byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256));
    // What would let go of a terminal is in it, and at its end.
    const input = Buffer.concat([bytes, Buffer.from([0x10, 0x11, 0x0a, 0x10])]);
    await skiff('create', '-i', '--name', 'pipe', 'sh', '-c', 'cat; echo err >&2; exit 4');
    const ran = await run(['start', '-ai', 'pipe'], { input });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 4, stderr: 'err\n' });
    expect(ran.stdout.equals(input)).toBe(true);
  });

  it('start -a shows all from the first byte on, again and again', async () => {
    const id = await skiff('create', 'seq', '20000');
    const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('');
    for (let turn = 0; turn < 2; turn += 1) {
      const ran = await run(['start', '-a', id]);
      expect({ code: ran.code, same: ran.stdout.toString() === expected }).toEqual({ code: 0, same: true });
    }
    expect(linesOf(id)).toHaveLength(40_000);
  });

  it('loses nothing of what ends at once, whatever is sent to it meanwhile', async () => {
    await skiff('create', '-i', '--name', 'quick', 'echo', 'said');
    for (let turn = 0; turn < 8; turn += 1) {
      const ran = await run(['start', '-ai', 'quick'], { input: Buffer.alloc(100_000) });
      expect({ turn, code: ran.code, stdout: ran.stdout.toString() }).toEqual({
        turn,
        code: 0,
        stdout: 'said\n',
      });
    }
  });

  it('attach shows what is written after it, also where the monitor comes to both at once', async () => {
    const id = await skiff(
      'run',
      '-d',
      'sh',
      '-c',
      'until [ -e /go ]; do sleep 0.02; done; echo last; exit 7',
    );
    const { monitor, init } = recordOf(id).state!;
    process.kill(monitor!.pid, 'SIGSTOP');
    await until('it is stopped', () => /^State:\tT/m.test(readProc(monitor!.pid, 'status')));
    const connection = (await MonitorConnection.connect(path.join(fileRoot(), 'containers', id)))!;
    let text = '';
    connection.attach((_stream, bytes) => (text += bytes.toString()) !== '', { input: false });
    try {
      fs.writeFileSync(`/proc/${init!.pid}/root/go`, '');
      await until('the command has ended', () => /^State:\tZ/m.test(readProc(init!.pid, 'status')));
    } finally {
      process.kill(monitor!.pid, 'SIGCONT');
    }
    expect({ code: await connection.ended, text }).toEqual({ code: 7, text: 'last\n' });
    connection.close();
  });

  it('without -i its input is empty, and what is sent goes nowhere', async () => {
    const id = await skiff('create', 'sh', '-c', 'cat; echo end');
    const ran = await run(['start', '-ai', id], { input: 'nobody reads it\n' });
    expect({ code: ran.code, stdout: ran.stdout.toString() }).toEqual({ code: 0, stdout: 'end\n' });
  });

  it('several clients get the same, and each one’s input arrives', async () => {
    const id = await skiff('run', '-di', 'cat');
    const clients = [await attachedCat(id, 'first'), await attachedCat(id, 'second')];
    clients.push(await attachedCat(id, 'third'));
    const expected = ['first\nsecond\nthird\n', 'second\nthird\n', 'third\n'];
    await until('all of it everywhere', () => clients.every(({ text }, index) => text() === expected[index]));
    clients[2]!.child.stdin.end();
    for (const { closed } of clients) expect((await closed)[0]).toBe(0);
    expect(logOf(id)).toEqual(['stdout F first', 'stdout F second', 'stdout F third']);
  });

  it('has the exit code of the container, whatever ends it', async () => {
    const id = await skiff('run', '-di', 'cat');
    const { closed } = await attachedCat(id, 'up');
    await skiff('kill', id);
    expect((await closed)[0]).toBe(137);
  });

  it('passes no input on with --no-stdin, and what it sends does not end the command', async () => {
    const id = await skiff('run', '-di', 'sh', '-c', 'read line; echo "got $line"');
    const watching = run(['attach', '--no-stdin', id], { input: 'never\n' });
    await sleep(500);
    expect(recordOf(id).state?.status).toBe('running');
    const other = await attachedCat(id, 'this');
    expect((await other.closed)[0]).toBe(0);
    expect((await watching).stdout.toString()).toBe('got this\n');
  });

  it.each([
    ['passes signals on', [], 9],
    ['keeps them with --sig-proxy=false', ['--sig-proxy=false'], undefined],
    ['keeps them with --no-sig-proxy', ['--no-sig-proxy'], undefined],
  ])('%s', async (_what, flags, code) => {
    const script = 'trap "exit 9" TERM; while :; do echo up; sleep 0.05; done';
    const id = await skiff('run', '-d', 'sh', '-c', script);
    const child = start(['attach', ...flags, id]);
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    child.stdout.resume();
    child.kill('SIGTERM');
    const [ended, signal] = (await closed) as [number | null, string | null];
    if (code !== undefined) {
      expect(ended).toBe(code);
      expect((await untilStatus(id, 'exited')).state?.exitCode).toBe(code);
    } else {
      expect(signal).toBe('SIGTERM');
      expect(recordOf(id).state?.status).toBe('running');
    }
  });

  it('is over where nobody reads: the container goes on', async () => {
    const id = await skiff('run', '-d', 'sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done');
    const child = start(['attach', id]);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const lines = logOf(id).length;
    await until('it goes on', () => logOf(id).length > lines + 20 || undefined);
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  });
});

describe('input that the command does not take', () => {
  it('holds up nobody else: it can be stopped, and its monitor does nothing meanwhile', async () => {
    const id = await skiff('run', '-di', 'sleep', '1000');
    const { pid } = recordOf(id).state!.monitor!;
    const child = start(['attach', id]);
    child.stdin.on('error', () => undefined);
    child.stdin.write(Buffer.alloc(1 << 20));
    await until('nothing more is taken', () => child.stdin.writableNeedDrain || undefined, 20_000);
    await sleep(1500);
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    const before = ticksOf(pid);
    await sleep(500);
    // A monitor that looks at the one that hung up again and again has used half a second by now.
    expect(ticksOf(pid) - before).toBeLessThan(10);
    await skiff('stop', '-t', '0', id);
    expect(recordOf(id).state).toMatchObject({ status: 'exited', exitCode: 137 });
  });
});

it('a client that is stopped holds the container up for ten seconds at most, and is dropped then', async () => {
  const script = 'read go; yes $(printf "%01000d" 7) | head -n 3000; echo end; exec sleep 1000';
  const id = await skiff('run', '-di', 'sh', '-c', script);
  const stopped = start(['attach', id]);
  let told = '';
  stopped.stderr.on('data', (bytes: Buffer) => (told += bytes.toString()));
  const closed = once(stopped, 'close');
  const other = await (async () => {
    await sleep(1000);
    stopped.kill('SIGSTOP');
    const child = start(['attach', id]);
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
    child.stdin.write('go\n');
    return { child, closed: once(child, 'close'), bytes: () => bytes };
  })();
  await until('it is held up', () => logOf(id).length > 0 || undefined, 20_000);
  await until('it goes on', () => logOf(id).at(-1) === 'stdout F end' || undefined, 30_000);
  expect(linesOf(id)).toHaveLength(3001);
  // One that takes what it gets has all of it.
  await until('the other has all', () => other.bytes() === 3000 * 1001 + 4 || undefined, 20_000);
  expect(isRunning(recordOf(id).state!.init!.pid)).toBe(true);
  stopped.kill('SIGCONT');
  stopped.stdout.resume();
  await skiff('stop', '-t', '0', id);
  // What it is told is the container's code, by its record.
  expect((await closed)[0]).toBe(137);
  expect(told).toMatch(/^skiff: attach: \w+: the connection was lost, and output may be missing\n/);
  expect((await other.closed)[0]).toBe(137);
}, 90_000);

describe('by the API', () => {
  it('gives streams, both ways, and lets go', async () => {
    await using engine = await Skiff.open({ root: fileRoot() });
    const container = await engine.create(['sh', '-c', 'while read x; do echo "<$x>"; echo "!" >&2; done'], {
      openInput: true,
    });
    const first = await container.start({ attach: { input: true } });
    const seen = collectLines(first.stdout);
    const errors = collectLines(first.stderr!);
    first.stdin!.write('a\nb\n');
    await until('both', () => (seen.text === '<a>\n<b>\n' && errors.text === '!\n!\n') || undefined);
    first.detach();
    expect(await first.ended).toBeUndefined();
    expect((await container.info()).status).toBe('running');
    const second = await container.attach({ input: true });
    const more = collectLines(second.stdout);
    second.stderr!.resume();
    second.stdin!.end('c\n');
    expect(await second.ended).toBe(0);
    await until('its end', () => more.isEnded || undefined);
    expect(more.text).toBe('<c>\n');
    await expect(container.attach()).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
  });

  it('does not lose what nobody has read yet', async () => {
    await using engine = await Skiff.open({ root: fileRoot() });
    const container = await engine.create(['seq', '50000']);
    const streams = await container.start({ attach: { input: false } });
    streams.stderr!.resume();
    await sleep(1000);
    const seen = collectLines(streams.stdout);
    expect(await streams.ended).toBe(0);
    await until('its end', () => seen.isEnded || undefined);
    expect(seen.text.split('\n')).toHaveLength(50_001);
  });

  it('has a terminal’s output on one stream, and its size', async () => {
    await using engine = await Skiff.open({ root: fileRoot() });
    const container = await engine.create(['sh'], { openInput: true, tty: true });
    const streams = await container.start({ attach: { input: true } });
    expect(streams.stderr).toBeNull();
    const seen = collectLines(streams.stdout);
    streams.resize({ rows: 33, columns: 111 });
    streams.stdin!.write('stty size; exit 5\n');
    expect(await streams.ended).toBe(5);
    expect(seen.text).toContain('33 111');
  });
});

/** Processor time that a process has used, in clock ticks: proc_pid_stat(5). */
function ticksOf(pid: number): number {
  const fields = readProc(pid, 'stat').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function collectLines(stream: NodeJS.ReadableStream): { text: string; isEnded: boolean } {
  const seen = { text: '', isEnded: false };
  stream.on('data', (bytes: Buffer) => (seen.text += bytes.toString()));
  stream.on('end', () => (seen.isEnded = true));
  return seen;
}
