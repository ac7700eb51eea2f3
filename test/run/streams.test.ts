/** Standard streams of a container, by the API and by the command line: exact, whole, and not held up. */
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileRoot, run, skiffProgram, start } from '../helpers/run';
import { itAsRoot, NO_HOST_ROOT } from '../helpers/user-mode';
import { output, sh, useSkiff } from './support';

const skiff = useSkiff();
const MIB = 1024 * 1024;

/** Every byte value, in an order that no text has, and enough of it for many reads. */
const BINARY = Buffer.concat([
  Buffer.from(Array.from({ length: 256 }, (_, value) => value)),
  crypto.randomBytes(300_000),
]);

const hash = (bytes: Buffer) => crypto.createHash('sha256').update(bytes).digest('hex');

describe('run', () => {
  test.each<[string, () => string | Uint8Array | Readable]>([
    ['bytes', () => BINARY],
    ['a stream', () => Readable.from([BINARY.subarray(0, 7), BINARY.subarray(7)])],
  ])('%s as input come back exactly', async (_, input) => {
    const { stdout, exitCode } = await skiff().run(['cat'], { input: input(), encoding: 'buffer' });
    expect({ exitCode, hash: hash(stdout) }).toEqual({ exitCode: 0, hash: hash(BINARY) });
  });

  test('text as input', async () =>
    expect(await output(skiff(), ['cat'], { input: 'grüße\n\u{1f6f6}' })).toBe('grüße\n\u{1f6f6}'));

  test('without input there is an end of file at once', async () =>
    expect(await output(skiff(), sh('cat; echo end'))).toBe('end'));

  test('empty input', async () =>
    expect(await output(skiff(), sh('cat; echo end'), { input: '' })).toBe('end'));

  test('stdout and stderr stay apart', async () => {
    const { stdout, stderr } = await skiff().run(sh('echo out; echo err >&2; printf out2'));
    expect({ stdout, stderr }).toEqual({ stdout: 'out\nout2', stderr: 'err\n' });
  });

  test('a command that closes its input early is no failure, nor is one that never reads', async () => {
    const input = Buffer.alloc(8 * MIB);
    expect(await output(skiff(), sh('head -c 3 | wc -c; exec <&-; sleep 0.1; echo on'), { input })).toBe(
      '3\non',
    );
    expect(await output(skiff(), ['true'], { input: Readable.from([input]) })).toBe('');
  });

  test('an input that fails is told', async () => {
    const input = new Readable({
      read() {
        this.destroy(new Error('the source broke'));
      },
    });
    await expect(skiff().run(['cat'], { input })).rejects.toThrow('the source broke');
  });

  test('output past maxBuffer is cut, said so, and does not hold the command up', async () => {
    const script = 'head -c 5000000 /dev/zero; head -c 10 /dev/zero >&2; echo done > /dev/stderr';
    const result = await skiff().run(sh(script), { maxBuffer: 1000, encoding: 'buffer' });
    expect(result).toMatchObject({ exitCode: 0, truncated: { stdout: true, stderr: false } });
    expect(result.stdout.length).toBe(1000);
    expect(result.stderr.length).toBe(15);
  });

  test('output of just maxBuffer is whole', async () => {
    const { stdout, truncated } = await skiff().run(sh('printf 12345'), { maxBuffer: 5 });
    expect({ stdout, truncated }).toEqual({ stdout: '12345', truncated: { stdout: false, stderr: false } });
  });

  test('a process left behind that holds the output does not hold the call up', async () => {
    const { stdout, durationMs } = await skiff().run(sh('sleep 600 & echo out'));
    expect(stdout).toBe('out\n');
    expect(durationMs).toBeLessThan(30_000);
  });
});

describe('start', () => {
  test('a conversation: each line is answered before the next is sent', async () => {
    await using container = await skiff().start(sh('while read line; do echo "<$line>"; done; echo end'));
    const answers = container.stdout![Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (const line of ['one', 'two', 'three']) {
      container.stdin!.write(`${line}\n`);
      expect(String((await answers.next()).value)).toBe(`<${line}>\n`);
    }
    container.stdin!.end();
    expect(String((await answers.next()).value)).toBe('end\n');
    expect((await answers.next()).done).toBe(true);
    expect(await container.wait()).toMatchObject({ exitCode: 0 });
  });

  test('64 MiB to a reader that pauses: all of it', async () => {
    const container = await skiff().start(
      sh('head -c 67108864 /dev/urandom | tee /copy | cat; sha256sum /copy >&2'),
    );
    const sum = crypto.createHash('sha256');
    let [length, chunks, told] = [0, 0, ''];
    container.stderr!.on('data', (chunk: Buffer) => (told += chunk.toString()));
    for await (const chunk of container.stdout as AsyncIterable<Buffer>) {
      sum.update(chunk);
      length += chunk.length;
      chunks += 1;
      if (chunks % 100 === 0) await sleep(5);
    }
    await container.wait();
    expect(length).toBe(64 * MIB);
    expect(told.split(' ')[0]).toBe(sum.digest('hex'));
  });

  test('output that nobody has read when the container has gone is still there', async () => {
    const container = await skiff().start(sh('head -c 50000 /dev/zero; echo err >&2'), { stdin: 'ignore' });
    await container.wait();
    expect(await lengthOf(container.stdout!)).toBe(50_000);
    expect(await lengthOf(container.stderr!)).toBe(4);
  });

  test('a writer is held up by a reader that does not read', async () => {
    const container = await skiff().start(sh('head -c 10000000 /dev/zero; echo done >&2'), {
      stdin: 'ignore',
    });
    let done = false;
    container.stderr!.on('data', () => (done = true));
    await sleep(300);
    expect(done).toBe(false);
    expect(await lengthOf(container.stdout!)).toBe(10_000_000);
    await container.wait();
    expect(done).toBe(true);
  });

  test('stdout closed by its reader ends the writer as SIGPIPE does', async () => {
    const container = await skiff().start(sh('cat /dev/zero; echo $? >&2'), { stdin: 'ignore' });
    let told = '';
    container.stderr!.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await once(container.stdout!, 'data');
    container.stdout!.destroy();
    expect(await container.wait()).toMatchObject({ exitCode: 0 });
    expect(told).toBe('141\n');
  });

  test('ignore: null devices, and no streams', async () => {
    const options = { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' } as const;
    await using container = await skiff().start(sh('exec sleep 600'), options);
    expect([container.stdin, container.stdout, container.stderr]).toEqual([null, null, null]);
    for (const fd of [0, 1, 2]) expect(fs.readlinkSync(`/proc/${container.pid}/fd/${fd}`)).toBe('/dev/null');
  });

  test('descriptors: the files themselves, at their place', async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'root-'));
    fs.writeFileSync(`${directory}/in`, 'head\nrest\n');
    const [stdin, stdout] = [fs.openSync(`${directory}/in`, 'r'), fs.openSync(`${directory}/out`, 'w+')];
    fs.readSync(stdin, Buffer.alloc(5));
    const { exitCode } = await skiff().run(sh('cat; echo err >&2'), { stdin, stdout, stderr: stdout });
    expect({ exitCode, written: fs.readFileSync(`${directory}/out`, 'utf8') }).toEqual({
      exitCode: 0,
      written: 'rest\nerr\n',
    });
    // They stay the caller's.
    fs.closeSync(stdin);
    fs.closeSync(stdout);
  });

  test('a descriptor that is not open', async () =>
    expect(skiff().start(['true'], { stdout: 9999 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'stdout: descriptor 9999 is not open',
    }));
});

describe('command line', () => {
  test('binary exact both ways', async () => {
    const { stdout, code } = await run(['run', '-i', 'cat'], { input: BINARY });
    expect({ code, hash: hash(stdout) }).toEqual({ code: 0, hash: hash(BINARY) });
  });

  test('without -i there is no input', async () => {
    const { stdout } = await run(['run', 'sh', '-c', 'cat; echo end'], { input: 'lost' });
    expect(stdout.toString()).toBe('end\n');
  });

  test('the end of file passes through', async () => {
    const child = start(['run', '-i', 'sh', '-c', 'cat; echo end']);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.write('first');
    await once(child.stdout, 'data');
    child.stdin.end();
    await once(child, 'close');
    expect(Buffer.concat(chunks).toString()).toBe('firstend\n');
  });

  test('a reader that goes away ends it', async () => {
    const child = start(['run', 'cat', '/dev/zero']);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    // PID 1 of a namespace is not ended by SIGPIPE's default: cat sees EPIPE and fails by itself.
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
  });

  /** A shell line with skiff as `$0`. */
  const shell = (line: string, ...args: string[]) =>
    spawnSync('bash', ['-c', `set -o pipefail; ${line}`, skiffProgram, ...args], {
      env: { ...process.env, SKIFF_ROOT: fileRoot() },
      encoding: 'utf8',
      timeout: 110_000,
    });

  test('1 GiB through a container arrives whole', () => {
    const { stdout, status } = shell(`head -c 1073741824 /dev/zero | "$0" run -i sh -c 'cat | wc -c'`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1073741824\n' });
  }, 120_000);

  test('inherits files, and writes at their place', () => {
    const { stdout } = shell(
      `f=$(mktemp -p "$1" root-XXXX) && echo before > $f && "$0" run echo inside >> $f; cat $f; rm $f`,
      os.tmpdir(),
    );
    expect(stdout).toBe('before\ninside\n');
  });

  itAsRoot(NO_HOST_ROOT)('a large file to a pipe, at a rate that compares with a plain cat', async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'root-'));
    fs.writeFileSync(`${directory}/big`, Buffer.alloc(16 * MIB, 'x'));
    for (let copy = 0; copy < 3; copy += 1) {
      fs.cpSync(`${directory}/big`, `${directory}/more`);
      fs.appendFileSync(`${directory}/big`, fs.readFileSync(`${directory}/more`));
    }
    const rootfs = ['--rootfs', '/', 'cat', `${directory}/big`];
    // The best of up to eight each: what else the machine does slows every one of them at some time.
    let [plain, contained] = [0, 0];
    for (let round = 0; round < 8 && !(plain > 0 && contained >= 0.9 * plain); round += 1) {
      plain = Math.max(plain, (await rate('cat', [`${directory}/big`])).perSecond);
      const measured = await rate(skiffProgram, ['run', ...rootfs]);
      expect(measured.bytes).toBe(128 * MIB);
      contained = Math.max(contained, measured.perSecond);
    }
    const ratio = contained / plain;
    console.log(`run cat of 128 MiB to a pipe: ${ratio.toFixed(2)} times the rate of a plain cat`);
    expect(ratio).toBeGreaterThanOrEqual(0.5);
    fs.rmSync(directory, { recursive: true });
  });
});

/** Bytes a second that a program writes to a pipe, from its first byte to its last. */
async function rate(program: string, args: string[]): Promise<{ bytes: number; perSecond: number }> {
  const env = { ...process.env, SKIFF_ROOT: fileRoot() };
  // Another program reads: this one's event loop would be what is measured.
  const reader = `const fs = require('fs'); const b = Buffer.alloc(65536); let n, all = 0, since = 0;
    while ((n = fs.readSync(0, b)) > 0) { if (!since) since = performance.now(); all += n; }
    console.log(JSON.stringify({ bytes: all, perSecond: all / (performance.now() - since) * 1000 }));`;
  const child = spawn('sh', ['-c', '"$@" | "$NODE" -e "$READER"', 'sh', program, ...args], {
    env: { ...env, NODE: process.execPath, READER: reader },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
  await once(child, 'close');
  return JSON.parse(told) as { bytes: number; perSecond: number };
}

async function lengthOf(stream: Readable): Promise<number> {
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) length += chunk.length;
  return length;
}
