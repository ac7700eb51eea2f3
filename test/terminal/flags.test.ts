/* The flags -t and -i in all combinations: which of the command's streams are a terminal, and what arrives through it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import type { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';
import { endShell, ModeCheck, onlyContainer, PROMPT, startInTerminal, START_MS } from './support';

/** Which descriptors are a terminal, as one word. */
const WHICH = 'for fd in 0 1 2; do if [ -t $fd ]; then printf t; else printf -- -; fi; done; echo " end"';

describe('in a terminal', () => {
  let terminal: Tmux | undefined;

  afterEach(async () => {
    await terminal?.kill();
    terminal = undefined;
  });

  it.each(['-ti', '-it', '-t -i', '-i -t', '--tty --interactive'])(
    '%s: a terminal that takes keys',
    async flags => {
      terminal = await startInTerminal([...flags.split(' '), 'sh']);
      await terminal.waitFor(PROMPT, START_MS);
      await terminal.enter(WHICH);
      await terminal.waitFor(/^ttt end$/m);
      const ended = endShell(terminal);
      terminal = undefined;
      expect(await ended).toBe(0);
    },
  );

  it('-t alone: a terminal that takes no keys, and Ctrl-C reaches the command as a signal', async () => {
    const script = `trap 'echo "got INT"; exit' INT; ${WHICH}; while :; do sleep 0.1; done`;
    terminal = await startInTerminal(['-t', 'sh', '-c', script]);
    await terminal.waitFor(/^ttt end$/m, START_MS);
    const { directory } = await onlyContainer();
    await terminal.sendKeys('not for it', 'C-c');
    await terminal.waitFor(/got INT$/m);
    await until('removal of the container', () => !fs.existsSync(directory));
  });

  it('-i alone: the descriptors of the caller, without a terminal of its own', async () => {
    terminal = await startInTerminal(['-i', 'sh', '-c', `${WHICH}; tty; ls /dev/pts`]);
    await terminal.waitFor(/^ttt end$/m, START_MS);
    expect(await terminal.exitCode()).toBe(0);
    expect(await terminal.capturePane()).not.toMatch(/^0/m);
  });

  it('no flag: no keys, output on the terminal of the caller', async () => {
    terminal = await startInTerminal(['sh', '-c', `${WHICH}; read -r line; echo "read=$?"`]);
    await terminal.waitFor(/^-tt end\nread=1$/m, START_MS);
    expect(await terminal.exitCode()).toBe(0);
  });

  it('gives the exit code of the shell: `exit 7`', async () => {
    terminal = await startInTerminal(['-ti', 'sh']);
    await terminal.waitFor(PROMPT, START_MS);
    await terminal.enter('exit 7');
    expect(await terminal.exitCode()).toBe(7);
  });

  it('--init: an init is the first process, the shell has the terminal all the same', async () => {
    terminal = await startInTerminal(['-ti', '--init', 'sh']);
    await terminal.waitFor(PROMPT, START_MS);
    expect(await terminal.capturePane()).not.toContain("can't access tty");
    await terminal.enter('echo "pid=$$"; sleep 1000');
    await terminal.waitFor(/^pid=2$/m);
    await terminal.sendKeys('C-z');
    await terminal.waitFor(/Stopped +sleep/);
    await terminal.enter('fg');
    await terminal.waitFor(/^sleep 1000$/m);
    await terminal.sendKeys('C-c');
    await terminal.enter('exit 7');
    expect(await terminal.exitCode()).toBe(7);
  });

  it('--init: Ctrl-C of a shell with no job at all leaves the shell', async () => {
    terminal = await startInTerminal(['-ti', '--init', 'sh']);
    await terminal.waitFor(PROMPT, START_MS);
    await terminal.sendKeys('C-c');
    await terminal.enter('echo "still"" here"');
    await terminal.waitFor(/^still here$/m);
    await terminal.enter('exit 3');
    expect(await terminal.exitCode()).toBe(3);
  });

  it('stdout that is a pipe: all of 10 MB goes through the terminal', async () => {
    const check = await ModeCheck.start("-ti sh -c 'stty -opost; seq 1 1400000' | sha256sum > sum; cat sum");
    try {
      await check.terminal.waitFor(/^[0-9a-f]{64}/m, START_MS);
      const lines = Array.from({ length: 1_400_000 }, (_, index) => `${index + 1}\n`).join('');
      const sum = createHash('sha256').update(lines).digest('hex');
      expect(await check.terminal.capturePane({ history: true })).toContain(sum);
      expect((await check.end()).code).toBe(0);
    } finally {
      await check.kill();
    }
  });
});

describe('without a terminal', () => {
  it.each([['-ti'], ['-it']])('%s: an error that says so, and 125', async flag => {
    const ran = await run(['run', flag, 'sh'], { input: 'echo hi\n' });
    expect(ran.code).toBe(125);
    expect(ran.stdout.toString()).toBe('');
    expect(ran.stderr).toBe(
      'skiff: the input device is not a TTY\n' +
        'Leave out -t to pass data from a pipe or file, or -i to show output only.\n',
    );
  });

  it('-t: a terminal inside, its output on the pipe', async () => {
    const ran = await run(['run', '-t', 'sh', '-c', `${WHICH}; tty`]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.toString()).toBe('ttt end\r\n/dev/pts/0\r\n');
  });

  it('-t: both outputs of the command come on stdout, as they are one terminal', async () => {
    const ran = await run(['run', '-t', 'sh', '-c', 'echo one; echo two >&2']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.toString()).toBe('one\r\ntwo\r\n');
  });

  it('-t: 10 MB arrive whole', async () => {
    const ran = await run(['run', '-t', 'sh', '-c', "head -c 10000000 /dev/zero | tr '\\0' x; exit 4"]);
    expect(ran.code).toBe(4);
    expect(ran.stdout.equals(Buffer.alloc(10_000_000, 'x'))).toBe(true);
  });

  it('-t: nothing is lost of a command that ends at once', async () => {
    for (let round = 0; round < 15; round += 1) {
      const ran = await run(['run', '-t', 'echo', 'the only words']);
      expect(ran).toMatchObject({ code: 0, stdout: Buffer.from('the only words\r\n') });
    }
  }, 120_000);

  it('-t: 64 KiB of a command that ends at once', async () => {
    const ran = await run(['run', '-t', 'sh', '-c', "head -c 65536 /dev/zero | tr '\\0' y"]);
    expect(ran.stdout).toHaveLength(65_536);
  });
});

it('the example of the first page: a file in the write layer alone, an unchanged image, nothing left', async () => {
  const terminal = await startInTerminal(['-ti', 'sh']);
  const check = tempDirectory();
  try {
    await terminal.waitFor(PROMPT, START_MS);
    const { directory } = await onlyContainer();
    const root = path.join(directory, '..', '..');
    const layers = path.join(root, 'images', 'layers');
    const before = treeHash(layers);
    await terminal.enter('touch /tmp/test.txt; echo do""ne');
    await terminal.waitFor(/^done$/m);

    expect(fs.existsSync(path.join(directory, 'mnt/tmp/test.txt'))).toBe(true);
    expect(fs.existsSync(path.join(directory, 'writeLayer/tmp/test.txt'))).toBe(true);
    const [layer] = fs.readdirSync(layers).filter(name => /^[0-9a-f]{64}$/.test(name));
    expect(fs.existsSync(path.join(layers, layer!, 'bin/busybox'))).toBe(true);
    expect(fs.existsSync(path.join(layers, layer!, 'tmp/test.txt'))).toBe(false);

    await terminal.enter('exit 7');
    expect(await terminal.exitCode()).toBe(7);
    expect(fs.existsSync(directory)).toBe(false);
    expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(directory);
    expect(treeHash(layers)).toBe(before);
  } finally {
    await terminal.kill();
    check.remove();
  }
});

/** Of every name, mode, owner, size, time, link target and content below a directory. */
function treeHash(directory: string): string {
  const hash = createHash('sha256');
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of names) {
    const file = path.join(directory, name);
    const { mode, uid, gid, size, mtimeMs } = fs.lstatSync(file);
    hash.update(JSON.stringify([name, mode, uid, gid, size, mtimeMs]));
    if ((mode & fs.constants.S_IFMT) === fs.constants.S_IFREG) hash.update(fs.readFileSync(file));
    if ((mode & fs.constants.S_IFMT) === fs.constants.S_IFLNK) hash.update(fs.readlinkSync(file));
  }
  return hash.digest('hex');
}
