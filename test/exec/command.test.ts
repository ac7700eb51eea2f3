/** `skiff exec` as it is typed: flags, exit codes, messages; on a container that another skiff runs. */
import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, run, start } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { until } from '../helpers/wait';
import { commandLine, processesWith } from '../run/support';
import { runInBackground, type Background } from './support';

let container: Background;

beforeAll(async () => {
  container = await runInBackground('--name', 'bird', '-e', 'A=container', '-w', '/usr');
});
afterAll(() => container.end());

async function exec(...args: string[]) {
  const { code, stdout, stderr } = await run(['exec', ...args]);
  return { code, stdout: stdout.toString(), stderr };
}

describe('exit code', () => {
  test.each<[what: string, args: string[], code: number, stderr: string | RegExp]>([
    ['of the command', ['bird', 'sh', '-c', 'exit 42'], 42, ''],
    ['of a signal', ['bird', 'sh', '-c', 'kill -TERM $$'], 143, ''],
    ['not found', ['bird', 'nope'], 127, 'skiff: cannot start "nope": executable file not found in $PATH\n'],
    [
      'not executable',
      ['bird', '/etc/passwd'],
      126,
      /^skiff: cannot start "\/etc\/passwd": permission denied\n/,
    ],
    ['no container', ['nobody', 'true'], 1, 'skiff: no such container: nobody\n'],
    ['flag', ['--nope', 'bird', 'true'], 125, /unknown flag: --nope\n/],
    ['no command', ['bird'], 125, /^skiff: "skiff exec" requires at least 2 arguments.\n/],
    ['a missing directory', ['-w', '/nope', 'bird', 'true'], 127, /: \/nope: no such file or directory\n/],
    ['no such user', ['-u', 'nope', 'bird', 'true'], 125, /^skiff: unable to find user nope: no matching/],
    ['no terminal', ['-ti', 'bird', 'sh'], 125, /^skiff: the input device is not a TTY\n/],
  ])('%s', async (_, args, code, stderr) => {
    const result = await exec(...args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    if (typeof stderr === 'string') expect(result.stderr).toBe(stderr);
    else expect(result.stderr).toMatch(stderr);
  });
});

test('what follows the container belongs to the command', async () => {
  expect(await exec('bird', 'echo', '-u', '--', '-e')).toMatchObject({ code: 0, stdout: '-u -- -e\n' });
});

test('environment, working directory and user: of the container, of flags, of files', async () => {
  const directory = tempDirectory();
  const file = path.join(directory.path, 'env');
  fs.writeFileSync(file, '# comment\nFILE=file\nBOTH=file\n');
  try {
    const look = ['sh', '-c', 'echo $A-$FILE-$BOTH-$FLAG-$(pwd)-$(id -u)'];
    expect((await exec('bird', ...look)).stdout).toBe('container----/usr-0\n');
    const flags = ['--env-file', file, '-e', 'BOTH=flag', '-eFLAG=x', '-w', '/tmp', '-u', '1000'];
    expect((await exec(...flags, 'bird', ...look)).stdout).toBe('container-file-flag-x-/tmp-1000\n');
  } finally {
    directory.remove();
  }
});

test('-i passes standard input on, without it there is none', async () => {
  const { stdout } = await run(['exec', '-i', 'bird', 'tr', 'a-z', 'A-Z'], { input: 'quiet\n' });
  expect(stdout.toString()).toBe('QUIET\n');
  expect((await run(['exec', 'bird', 'cat'], { input: 'quiet\n' })).stdout.toString()).toBe('');
});

test('words that are no UTF-8 arrive as they are given', async () => {
  const { stdout } = await run(['exec', 'bird', 'printf', '%s', '\u00e4\u{1f40b}']);
  expect(stdout.toString()).toBe('\u00e4\u{1f40b}');
});

test('-d prints nothing, and the command goes on', async () => {
  expect(await exec('-d', 'bird', 'sleep', '765')).toEqual({ code: 0, stdout: '', stderr: '' });
  const found = () => processesWith(container.init).find(pid => commandLine(pid) === 'sleep 765');
  const pid = await until('the command', found);
  expect(fs.readlinkSync(`/proc/${pid}/fd/1`)).toBe('/dev/null');
  process.kill(pid);
  expect(await exec('-d', 'bird', 'nope')).toMatchObject({ code: 127, stdout: '' });
});

test('its signals are passed on', async () => {
  const child = start([
    'exec',
    'bird',
    'sh',
    '-c',
    'trap "echo got; exit 5" TERM; echo up; while :; do sleep 0.1; done',
  ]);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise(resolve => child.once('close', resolve));
  await until('its start', () => text.includes('up') || undefined);
  child.kill('SIGTERM');
  expect(await ended).toBe(5);
  expect(text).toBe('up\ngot\n');
});

test("the container's end is that of what runs in it: 137", async () => {
  const second = await runSecond();
  const child = start(['exec', 'second', 'sleep', '1000']);
  const ended = new Promise(resolve => child.once('close', resolve));
  await until(
    'its command',
    () =>
      processesWith(second.init).some(pid => commandLine(pid) === 'sleep 1000' && pid !== second.init) ||
      undefined,
  );
  process.kill(second.init, 'SIGKILL');
  expect(await ended).toBe(137);
  await second.ended;
  expect(await exec('second', 'true')).toMatchObject({
    code: 1,
    stderr: 'skiff: no such container: second\n',
  });
});

async function runSecond(): Promise<{ init: number; ended: Promise<unknown> }> {
  const child = start(['run', '--name', 'second', 'sleep', '999']);
  const ended = new Promise(resolve => child.once('close', resolve));
  const file = () => path.join(fileRoot(), 'containers');
  const init = await until('second container', () =>
    fs
      .readdirSync(file())
      .flatMap(name => {
        const record = path.join(file(), name, 'state.json');
        const init = fs.existsSync(record) && /"started":"(\d+) \d+\./.exec(fs.readFileSync(record, 'utf8'));
        return init ? [Number(init[1])] : [];
      })
      .find(pid => commandLine(pid) === 'sleep 999'),
  );
  return { init, ended };
}

test('the help tells of it', async () => {
  const { stdout } = await exec('--help');
  for (const flag of [
    '--detach',
    '--interactive',
    '--tty',
    '--env',
    '--env-file',
    '--workdir',
    '--user',
    '--privileged',
  ])
    expect(stdout).toContain(flag);
});
