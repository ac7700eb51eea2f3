/**
 * Bad input on the command line: each row gives one line (and where there is one, a second with the remedy) with this
 * very message, Docker's exit code, nothing on stdout, and leaves nothing behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { projectRoot, run, skiffProgram, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';

const CPUS = os.cpus().length;
const ALLOWED = /^Cpus_allowed_list:\s*(\S+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))![1]!;
const CPU_RANGE = `Range of CPUs is from 0.01 to ${CPUS}.00, as there are only ${CPUS} CPUs available`;
const NO_PROGRAM = 'It is no program for this machine; a script needs a first line such as #!/bin/sh.';
const NO_IMAGE = 'There is busybox; the path of a tar archive, such as ./rootfs.tar, is an image too.';
const NO_ROOT_DIRECTORY = 'Choose a directory that can be written to: --root DIR or SKIFF_ROOT.';
const HELP = "See 'skiff run --help'.";

const root = tempRoot();
const directory = tempDirectory();
const at = (name: string) => path.join(directory.path, name);

beforeAll(() => {
  makeRootfs();
  makeArchives();
});

afterAll(() => directory.remove());

afterEach(() => expect(leftBehind()).toEqual([]));

function makeRootfs(): void {
  fs.mkdirSync(at('rootfs'));
  const executable = (name: string, content: string | Buffer) =>
    fs.writeFileSync(at(`rootfs/${name}`), content, { mode: 0o755 });
  executable('bad-elf', '\x7fELF and no more');
  executable('no-format', 'echo without a first line\n');
  executable('bad-script', '#!/no/such/interpreter\n');
  // A dynamic program where its loader is not.
  executable('no-loader', fs.readFileSync(process.execPath).subarray(0, 1 << 20));
}

function makeArchives(): void {
  const tar = (name: string, transform: string) =>
    execFileSync('tar', ['-cPf', at(name), '-C', directory.path, '--transform', transform, 'file']);
  fs.writeFileSync(at('file'), 'content');
  tar('dots.tar', 's,^,../,');
  tar('inner-dots.tar', 's,^,a/../../,');
  tar('absolute.tar', 's,^,/etc/,');
  fs.writeFileSync(at('empty.tar'), '');
  fs.writeFileSync(at('noise.tar'), Buffer.alloc(4096, 'no tar at all '));
  fs.writeFileSync(at('cut.tar'), fs.readFileSync(path.join(projectRoot, 'busybox.tar')).subarray(0, 3000));
  fs.mkdirSync(at('directory.tar'));
}

/** What a failed start must not leave: containers, names, half-unpacked layers, mounts. */
function leftBehind(): string[] {
  const entries = (folder: string) => {
    const full = path.join(root, folder);
    return fs.existsSync(full) ? fs.readdirSync(full) : [];
  };
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...entries('containers'),
    ...entries('names'),
    ...entries('images/layers').filter(name => !/^[0-9a-f]{64}$/.test(name)),
    ...mounts.filter(line => line.includes(root)),
  ];
}

/** `<dir>` in arguments and messages is the directory made above. */
const resolve = (text: string) => text.replace('<dir>', directory.path);

const below = (...args: string[]) => ['--rootfs', '<dir>/rootfs', ...args];
const image = (name: string) => ['--image', `<dir>/${name}`, 'true'];

/** What the case is, arguments of `run`, exit code, message, remedy. */
type Row = [what: string, args: string[], code: number, message: string, remedy?: string];

const rows: Row[] = [
  ['unknown flag', ['--nosuch', 'true'], 125, 'unknown flag: --nosuch', HELP],
  ['unknown short flag', ['-Z', 'true'], 125, "unknown shorthand flag: 'Z' in -Z", HELP],
  ['flag without value', ['--memory'], 125, 'flag needs an argument: --memory', HELP],
  ['short flag without value', ['-m'], 125, "flag needs an argument: 'm' in -m", HELP],
  [
    'flags that exclude each other',
    ['--rm', '--keep', 'true'],
    125,
    'conflicting options: --rm and --keep',
    HELP,
  ],
  ['unknown image', ['--image', 'nosuch', 'true'], 125, 'no such image: nosuch', NO_IMAGE],
  ['archive that is not there', image('no.tar'), 125, 'no such image: <dir>/no.tar: no such file', NO_IMAGE],
  [
    'archive that is a directory',
    image('directory.tar'),
    125,
    'no such image: <dir>/directory.tar: not a regular file',
    NO_IMAGE,
  ],
  ['empty archive', image('empty.tar'), 125, 'unpack: <dir>/empty.tar: the file is empty'],
  [
    'archive that is none',
    image('noise.tar'),
    125,
    'unpack: <dir>/noise.tar: broken tar: Invalid tar header. Maybe the tar is corrupted or it needs to be gunzipped?',
  ],
  [
    'truncated archive',
    image('cut.tar'),
    125,
    'unpack: <dir>/cut.tar: the archive has no end mark: it is truncated, or no tar',
  ],
  [
    'archive with ../',
    image('dots.tar'),
    125,
    "unpack: <dir>/dots.tar: tar entry '../file' leads out of the layer",
  ],
  [
    'archive with ../ further in',
    image('inner-dots.tar'),
    125,
    "unpack: <dir>/inner-dots.tar: tar entry 'a/../../file' leads out of the layer",
  ],
  [
    'archive with an absolute name',
    image('absolute.tar'),
    125,
    "unpack: <dir>/absolute.tar: tar entry '/etc/file' has an absolute name, it leads out of the layer",
  ],
  [
    'rootfs that is not there',
    ['--rootfs', '<dir>/no', 'true'],
    125,
    'cannot use the root file system: <dir>/no: no such directory',
  ],
  [
    'rootfs that is a file',
    ['--rootfs', '<dir>/file', 'true'],
    125,
    'cannot use the root file system: <dir>/file: not a directory',
  ],
  ['memory below the minimum', ['-m', '1k', 'true'], 125, 'Minimum memory limit allowed is 6MB'],
  [
    'memory that is no size',
    ['-m', 'abc', 'true'],
    125,
    'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\'',
    HELP,
  ],
  [
    'swap below memory',
    ['-m', '64m', '--memory-swap', '32m', 'true'],
    125,
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    'swap without memory',
    ['--memory-swap', '32m', 'true'],
    125,
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  ['negative cpus', ['--cpus', '-1', 'true'], 125, CPU_RANGE],
  ['too many cpus', ['--cpus', '99999', 'true'], 125, CPU_RANGE],
  [
    'cpu that is not there',
    ['--cpuset', '99', 'true'],
    125,
    `Requested CPUs are not available - requested 99, available: ${ALLOWED}`,
  ],
  ['cpuset that is no list', ['--cpuset', '1-', 'true'], 125, 'Invalid value 1- for cpuset cpus'],
  ['cpu shares below the minimum', ['--cpu-shares', '1', 'true'], 125, 'The minimum allowed cpu-shares is 2'],
  [
    'relative directory',
    ['-w', 'relative', 'true'],
    125,
    "the working directory 'relative' is invalid, it needs to be an absolute path",
  ],
  [
    'directory that is a file',
    ['-w', '/etc/passwd', 'true'],
    125,
    'cannot start the container: cwd: chdir: /etc/passwd: Not a directory',
  ],
  [
    'unknown user',
    ['-u', 'nobody-here', 'true'],
    125,
    'unable to find user nobody-here: no matching entries in passwd file',
  ],
  [
    'unknown group',
    ['-u', '0:nobody-here', 'true'],
    125,
    'unable to find group nobody-here: no matching entries in group file',
  ],
  ['user out of range', ['-u', '99999999999', 'true'], 125, 'uids and gids must be in range 0-2147483647'],
  ['no command', [], 125, 'no command specified'],
  ['empty command', [''], 125, 'no command specified'],
  ['empty command with arguments', ['', 'a'], 125, 'no command specified'],
  ['image and no command', ['busybox'], 125, 'no command specified'],
  ['rootfs and no command', ['--rootfs', '/'], 125, 'no command specified'],
  [
    'invalid name',
    ['--name', 'a b', 'true'],
    125,
    'Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
  [
    'name that leads elsewhere',
    ['--name', '../x', 'true'],
    125,
    'Invalid container name (../x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
  [
    'invalid host name',
    ['-h', 'a_b', 'true'],
    125,
    'invalid hostname format: a_b',
    'A host name has letters, digits, inner hyphens and dots, 64 characters at most.',
  ],
  [
    'unknown ulimit',
    ['--ulimit', 'bogus=1', 'true'],
    125,
    'invalid ulimit type: bogus',
    expect.stringMatching(/^Known are core, /) as unknown as string,
  ],
  [
    'soft ulimit above the hard one',
    ['--ulimit', 'nofile=9:1', 'true'],
    125,
    'ulimit soft limit must be less than or equal to hard limit: 9 > 1',
  ],
  [
    'sysctl of the host',
    ['--sysctl', 'kernel.panic=1', 'true'],
    125,
    "sysctl 'kernel.panic' is not allowed",
    'Only parameters of the container itself can be set: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*.',
  ],
  [
    'relative tmpfs',
    ['--tmpfs', 'run', 'true'],
    125,
    "invalid mount path: 'run' mount path must be absolute",
  ],
  ['unknown tmpfs option', ['--tmpfs', '/x:bogus', 'true'], 125, 'invalid tmpfs option "bogus"'],
  ['variable without a name', ['-e', '=x', 'true'], 125, 'invalid environment variable: =x'],
  [
    'timeout that is none',
    ['--timeout', 'abc', 'true'],
    125,
    'invalid argument "abc" for "--timeout" flag: invalid duration: \'abc\'',
    HELP,
  ],
  [
    'unknown storage driver',
    ['--storage-driver', 'zfs', 'true'],
    125,
    'storage driver: zfs: unknown; known are auto, aufs, overlay, vfs',
  ],
  [
    'terminal without one',
    ['-t', '-i', 'true'],
    125,
    'the input device is not a TTY',
    'Leave out -t to pass data from a pipe or file, or -i to show output only.',
  ],
  ['command not found', ['nosuch'], 127, 'cannot start "nosuch": executable file not found in $PATH'],
  ['path not found', ['/no/such'], 127, 'cannot start "/no/such": no such file or directory'],
  ['path below a file', ['/etc/passwd/x'], 127, 'cannot start "/etc/passwd/x": not a directory'],
  ['name with a newline', ['no\nsuch'], 127, 'cannot start "no\\nsuch": executable file not found in $PATH'],
  ['not executable', ['/etc/passwd'], 126, 'cannot start "/etc/passwd": permission denied'],
  ['a directory', ['/etc'], 126, 'cannot start "/etc": is a directory: permission denied'],
  ['bad ELF', below('/bad-elf'), 126, 'cannot start "/bad-elf": exec format error', NO_PROGRAM],
  [
    'neither ELF nor script',
    below('/no-format'),
    126,
    'cannot start "/no-format": exec format error',
    NO_PROGRAM,
  ],
  ['missing interpreter', below('/bad-script'), 127, 'cannot start "/bad-script": no such file or directory'],
  ['missing loader', below('/no-loader'), 127, 'cannot start "/no-loader": no such file or directory'],
  [
    'missing interpreter by $PATH',
    below('-e', 'PATH=/', 'bad-script'),
    127,
    'cannot start "bad-script": no such file or directory',
  ],
];

async function fail(args: string[]) {
  const { code, stdout, stderr } = await run(args, { root });
  return told(code, stdout.toString(), stderr);
}

function told(code: number | null, stdout: string, stderr: string) {
  const [message, remedy, ...more] = stderr.replace(/\n$/, '').split('\n');
  return { code, stdout, message, remedy, more };
}

test.each(rows)('%s: run %j', async (_, args, code, message, remedy) => {
  expect(await fail(['run', ...args.map(resolve)])).toEqual({
    code,
    stdout: '',
    message: `skiff: ${resolve(message)}`,
    remedy,
    more: [],
  });
});

test('an argument longer than the kernel takes, made by the entrypoint', async () => {
  const long = 'x'.repeat(128 * 1024 - 1);
  const { code, stdout } = await run(['run', 'echo', long], { root });
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: `${long}\n` });
  const engine = await Skiff.open({ root });
  try {
    await expect(engine.run(['echo', `${long}x`])).rejects.toMatchObject({
      code: 'E2BIG',
      exitCode: 126,
      message: 'cannot start "echo": argument list too long',
    });
  } finally {
    await engine.close();
  }
});

test('unknown command', async () =>
  expect(await fail(['runn', 'true'])).toEqual({
    code: 125,
    stdout: '',
    message: 'skiff: unknown command: "runn" for "skiff"',
    remedy: "Did you mean 'skiff run'?",
    more: [],
  }));

test('a name that is in use', async () => {
  const first = start(['run', '-i', '--name', 'taken', 'sh', '-c', 'echo up; cat'], { root });
  try {
    await once(first.stdout, 'data');
    expect(await fail(['run', '--name', 'taken', 'true'])).toEqual({
      code: 125,
      stdout: '',
      message: expect.stringMatching(
        /^skiff: the container name "taken" is already in use by container [0-9a-f]{12}$/,
      ) as string,
      remedy: 'Remove that container, or take another name.',
      more: [],
    });
  } finally {
    first.stdin.end();
    await once(first, 'close');
  }
});

test('NUL in an argument, which only the API can be given', async () => {
  const engine = await Skiff.open({ root });
  const refused = (message: string) => ({ code: 'INVALID_ARGUMENT', message });
  try {
    await expect(engine.run(['sh', 'a\0b'])).rejects.toMatchObject(
      refused('NUL byte in argument 1 of the command'),
    );
    await expect(engine.run(['a\0b'])).rejects.toMatchObject(refused('NUL byte in the command'));
    await expect(engine.run(['true'], { env: { A: 'a\0b' } })).rejects.toMatchObject(
      refused('NUL byte in option env'),
    );
  } finally {
    await engine.close();
  }
});

test.each([
  ['in a file system that takes no directories', '/proc/skiff', 'no such file or directory'],
  ['below a file', '<dir>/file', 'not a directory'],
])('a root directory %s', async (_, place, reason) => {
  expect(await fail(['--root', resolve(place), 'run', 'true'])).toEqual({
    code: 125,
    stdout: '',
    message: `skiff: cannot use the root directory: ${resolve(place)}: ${reason}`,
    remedy: NO_ROOT_DIRECTORY,
    more: [],
  });
});

/** Run skiff by another program that changes what it finds; `"$@"` is skiff. */
async function runBy(program: string, args: string[], ...skiff: string[]) {
  const child = spawn(program, [...args, skiffProgram, ...skiff], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return told(code, stdout, stderr);
}

test('a root directory on a read-only file system', async () => {
  fs.mkdirSync(at('read-only'));
  const script = `mount -t tmpfs -o ro none '${at('read-only')}' && exec "$@"`;
  const result = await runBy(
    'unshare',
    ['-m', 'sh', '-c', script, 'sh'],
    '--root',
    at('read-only'),
    'run',
    'true',
  );
  expect(result).toEqual({
    code: 125,
    stdout: '',
    message: `skiff: cannot use the root directory: ${at('read-only')}: read-only file system`,
    remedy: NO_ROOT_DIRECTORY,
    more: [],
  });
});

test('not root: says what is needed', async () => {
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  expect(await runBy('setpriv', nobody, '--root', root, 'run', 'true')).toEqual({
    code: 125,
    stdout: '',
    message: 'skiff: root is needed to start containers: this process runs as uid 65534',
    remedy: "Run it as root (sudo skiff ...); 'skiff doctor' tells what else is missing.",
    more: [],
  });
});
