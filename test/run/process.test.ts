/** What the command of a container is given: arguments, environment, user, limits, signals; and PID 1 with --init. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Container, StartOptions } from '../../lib/engine/options';
import { fileRoot, run, skiffProgram } from '../helpers/run';
import { until } from '../helpers/wait';
import { commandLine, output, processesWith, sh, statusField, useSkiff, waiting } from './support';

const skiff = useSkiff();

/** Docker's fourteen capabilities. */
const CAPABILITIES = '00000000a80425fb';

/** Prints each argument after a length: bytes that look alike can not be taken for each other. */
const SHOW_ARGUMENTS = 'for argument; do printf "%s:%s|" "${#argument}" "$argument"; done';

describe('arguments', () => {
  const shown = (args: string[]) => args.map(text => `${text.length}:${text}|`).join('');

  test.each<[string, string[]]>([
    ['empty ones', ['', 'a', '', '']],
    ['blanks', ['a b', '  ', '\t']],
    ['quotes and backslashes', [`c'd`, '"', '\\', '$HOME `id`']],
    ['newlines', ['a\nb', '\n', 'c\r\nd\n']],
    ['dashes', ['-e', '--', '--rm']],
    ['control characters', ['\x01\x1b[31m\x7f']],
  ])('%s', async (_, args) => {
    const { stdout } = await skiff().run(sh(SHOW_ARGUMENTS, ...args));
    expect(stdout).toBe(shown(args));
  });

  test('of 128 KiB, less the byte that ends it', async () => {
    const long = 'ab'.repeat(65536).slice(1);
    const { stdout } = await skiff().run(sh('printf %s "$1"', long));
    expect(stdout.length).toBe(128 * 1024 - 1);
    expect(stdout === long).toBe(true);
  });

  test('thousands', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `argument ${index}`);
    const { stdout } = await skiff().run(sh('printf "%s\\n" "$@"', ...many));
    expect(stdout).toBe(`${many.join('\n')}\n`);
  });

  test('of other scripts than ASCII', async () => {
    const { stdout } = await skiff().run(['printf', '%s', 'grüße \u{1f6f6} 日本']);
    expect(stdout).toBe('grüße \u{1f6f6} 日本');
  });

  test('on the command line: `run -- sh -c ...` has them exactly', async () => {
    const { stdout, code } = await run(['run', '--', 'sh', '-c', 'printf "%s|" "$@"', 'x', 'a b', '', `c'd`]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: `a b||c'd|` });
  });
});

test('exit codes of the command line', async () => {
  const codes = [];
  for (const args of [
    ['sh', '-c', 'exit 42'],
    ['nosuch'],
    ['/etc/passwd'],
    ['--nosuch'],
    ['--init', 'sh', '-c', 'kill -9 $$'],
  ]) {
    codes.push((await run(['run', ...args])).code);
  }
  expect(codes).toEqual([42, 127, 126, 125, 137]);
});

describe('environment', () => {
  const environment = async (options: Parameters<typeof output>[2]) =>
    (await output(skiff(), ['cat', '/proc/self/environ'], options)).split('\0').filter(Boolean).sort();

  test("Docker's, and nothing of the host's", async () => {
    expect(await environment({ hostname: 'box' })).toEqual([
      'HOME=/root',
      'HOSTNAME=box',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  test("the user's, exactly", async () => {
    const env = { EMPTY: '', LINES: 'a\nb', EQUALS: 'a=b=c', PATH: '/bin', BLANK: ' x ' };
    expect(await environment({ hostname: 'box', env })).toEqual(
      [
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        'HOME=/root',
        'HOSTNAME=box',
      ].sort(),
    );
  });
});

describe('user', () => {
  const ids = async (user: string | undefined) => {
    const script = `sed -n 's/^\\(Uid\\|Gid\\|Groups\\):[[:space:]]*//p' /proc/self/status; echo $HOME`;
    return (await output(skiff(), sh(script), { user })).split('\n').map(line => line.trim());
  };
  const same = (id: number) => [id, id, id, id].join('\t');

  test.each<[string | undefined, number, number, string, string]>([
    [undefined, 0, 0, '0', '/root'],
    ['root', 0, 0, '0', '/root'],
    ['nobody', 65534, 65534, '65534', '/home'],
    ['mail', 8, 8, '8', '/var/mail'],
    ['1234', 1234, 0, '0', '/'],
    ['1234:567', 1234, 567, '567', '/'],
    ['nobody:users', 65534, 100, '100', '/home'],
    ['0:100', 0, 100, '100', '/root'],
  ])('%s', async (user, uid, gid, groups, home) => {
    expect(await ids(user)).toEqual([same(uid), same(gid), groups, home]);
  });

  test('can open its own output again, as every user', async () => {
    expect(await output(skiff(), sh('echo again > /dev/stdout'), { user: '1234:567' })).toBe('again');
  });
});

describe('capabilities', () => {
  const sets = async (user?: string) => {
    const status = await output(skiff(), ['cat', '/proc/self/status'], { user });
    return Object.fromEntries(
      [...status.matchAll(/^Cap(\w+):\s*(\w+)$/gm)].map(([, name, mask]) => [name, mask]),
    );
  };
  const none = '0'.repeat(16);

  test("Docker's for root", async () =>
    expect(await sets()).toEqual({
      Inh: none,
      Prm: CAPABILITIES,
      Eff: CAPABILITIES,
      Bnd: CAPABILITIES,
      Amb: none,
    }));

  test('none for another user, and no more than these to be had', async () =>
    expect(await sets('1234')).toEqual({ Inh: none, Prm: none, Eff: none, Bnd: CAPABILITIES, Amb: none }));
});

describe('working directory', () => {
  test('is / where none is given', async () => expect(await output(skiff(), ['pwd'])).toBe('/'));

  test('is made where it is missing', async () => {
    const script = 'pwd; stat -c "%a %u" /srv/a /srv/a/b';
    expect(await output(skiff(), sh(script), { cwd: '/srv/a/b' })).toBe('/srv/a/b\n755 0\n755 0');
  });

  test('leads where its links lead, within the container', async () => {
    expect(await output(skiff(), sh('pwd -P'), { cwd: '/proc/self/../../etc' })).toBe('/etc');
  });
});

test('limits: given ones, and the rest as they are', async () => {
  const ulimits = ['nofile=100:200', 'core=0', 'fsize=-1', 'stack=1048576:2097152'];
  const limits = await output(skiff(), ['cat', '/proc/self/limits'], { ulimits });
  const of = (name: string) => new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(limits)?.slice(1);
  expect(of('Max open files')).toEqual(['100', '200']);
  expect(of('Max core file size')).toEqual(['0', '0']);
  expect(of('Max file size')).toEqual(['unlimited', 'unlimited']);
  expect(of('Max stack size')).toEqual(['1048576', '2097152']);
});

test('umask is 022, whatever this process has', async () => {
  const before = process.umask(0o077);
  try {
    expect(await output(skiff(), sh('umask; touch /f; mkdir /d; stat -c %a /f /d'))).toBe('0022\n644\n755');
  } finally {
    process.umask(before);
  }
});

/** A command that ends with 5 at this signal, and is ready for it. */
async function trapping(signal: NodeJS.Signals, options: StartOptions = {}): Promise<Container> {
  const script = `trap 'exit 5' ${signal.slice(3)}; echo up; while :; do sleep 0.05; done`;
  const container = await skiff().start(sh(script), options);
  await once(container.stdout!, 'data');
  return container;
}

describe('signals', () => {
  const masks = async (options: { init?: boolean }) => {
    const status = await output(skiff(), ['cat', '/proc/self/status'], options);
    return Object.fromEntries(
      [...status.matchAll(/^(SigBlk|SigIgn|SigCgt):\s*0*(\w+)$/gm)].map(([, name, mask]) => [name, mask]),
    );
  };

  test.each([{ init: false }, { init: true }])('all at their defaults, none blocked (%j)', async options =>
    expect(await masks(options)).toEqual({ SigBlk: '0', SigIgn: '0', SigCgt: '0' }),
  );

  test('also where node was started with ignored ones', () => {
    // A shell that ignores them, as nohup does, hands that down to skiff.
    const script = 'trap "" HUP INT QUIT PIPE TERM CHLD; exec "$@"';
    const { stdout } = spawnSync(
      'sh',
      ['-c', script, 'sh', skiffProgram, 'run', 'cat', '/proc/self/status'],
      {
        env: { ...process.env, SKIFF_ROOT: fileRoot() },
        encoding: 'utf8',
      },
    );
    expect(/^SigIgn:\s*(\w+)$/m.exec(stdout)?.[1]).toBe('0'.repeat(16));
  });

  test.each(['SIGTERM', 'SIGUSR1', 'SIGWINCH'] as const)('%s reaches the command', async signal => {
    await using container = await trapping(signal);
    expect(container.kill(signal)).toBe(true);
    expect(await container.wait()).toMatchObject({ exitCode: 5, signal: null });
    expect(container.kill(signal)).toBe(false);
  });
});

describe('descriptors', () => {
  const descriptors = (pid: number) => fs.readdirSync(`/proc/${pid}/fd`).sort();

  test('0 to 2 and no other', async () => {
    await using container = await waiting(skiff());
    expect(descriptors(container.pid)).toEqual(['0', '1', '2']);
  });

  test('with --init the same for the command; PID 1 has none: it would hold pipes open that the command closes', async () => {
    await using container = await skiff().start(sh('exec >&- 2>&-; cat'), { init: true });
    // The end of the output, though the container lives on.
    await once(container.stdout!.resume(), 'end');
    const command = await childOf(container, 'cat');
    expect(descriptors(command)).toEqual(['0']);
    expect(descriptors(container.pid)).toEqual([]);
  });
});

/** The process in the container with this command line. */
function childOf(container: { pid: number }, words: string): Promise<number> {
  return until(words, () => processesWith(container.pid).find(pid => commandLine(pid) === words));
}

describe('--init', () => {
  test('is PID 1, the command its child', async () => {
    const processes = (await output(skiff(), sh('echo $$; cat /proc/1/comm; :'), { init: true })).split('\n');
    expect(processes[0]).toBe('2');
    expect(processes[1]).toMatch(/skiff-in/);
  });

  // They end when the shell, which would wait for them, is a sleep.
  const ORPHANS = sh('for i in 1 2 3 4 5; do (sleep 0.5 &); done; exec sleep 600');
  const zombies = (pid: number) =>
    processesWith(pid).filter(other => statusField(other, 'State')?.startsWith('Z'));

  test('reaps what is orphaned', async () => {
    await using container = await skiff().start(ORPHANS, { init: true });
    // Before the shell has started any of them there are two as well.
    await childOf(container, 'sleep 600');
    await until('init and command alone', () => processesWith(container.pid).length === 2);
    expect(zombies(container.pid)).toEqual([]);
  });

  test('without it a command that does not wait for them has zombies', async () => {
    await using container = await skiff().start(ORPHANS);
    await until('five zombies', () => zombies(container.pid).length === 5);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)('forwards %s', async signal => {
    await using container = await trapping(signal, { init: true });
    container.kill(signal);
    expect(await container.wait()).toMatchObject({ exitCode: 5 });
  });

  test('a signal without a trap ends the command: 128+n', async () => {
    await using container = await skiff().start(['sleep', '600'], { init: true });
    await until('sleep below init', () =>
      processesWith(container.pid).some(pid => commandLine(pid) === 'sleep 600'),
    );
    container.kill('SIGTERM');
    expect(await container.wait()).toMatchObject({ exitCode: 143 });
  });

  test('its end is the end of all', async () => {
    const container = await skiff().start(sh('sleep 601 & sleep 602 & wait'), { init: true });
    await until('its processes', () => processesWith(container.pid).length === 4);
    const pids = processesWith(container.pid);
    await container.remove();
    expect(
      pids.filter(pid => statusField(pid, 'NSpid') !== undefined && commandLine(pid).startsWith('sleep 60')),
    ).toEqual([]);
  });
});

describe('arguments that are no UTF-8', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x20, 0xc3, 0x0a, 0xef, 0xbf, 0xbd]);
  const show = 'printf %s "$1" | od -An -tx1 | tr -d " \\n"';

  test('by the API, as Buffers', async () => {
    const { stdout } = await skiff().run(['sh', '-c', show, 'x', bytes]);
    expect(stdout).toBe(bytes.toString('hex'));
    await expect(skiff().run(['true', Buffer.from([1, 0, 2])])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'NUL byte in argument 1 of the command',
    });
  });

  test('by the command line, as they were given', () => {
    // A shell gives the bytes on: what node starts gets UTF-8 in any case.
    const script = `exec "$0" run sh -c "$1" x "$(printf '${[...bytes].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('')}')"`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script, skiffProgram, show], {
      encoding: 'utf8',
      env: { ...process.env, SKIFF_ROOT: skiff().root },
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: bytes.toString('hex'), stderr: '' });
  });
});
