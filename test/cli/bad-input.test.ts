import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Skiff } from '../../lib/engine';

const RUN = path.join(__dirname, '..', '..', 'bin', 'run');
const CPUS = os.cpus().length;
const ALLOWED = /^Cpus_allowed_list:\s*(\S+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))![1]!;
const NOT_ROOT = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];

let root: string;
let rootfs: string;

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-bad-'));
  rootfs = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-bad-rootfs-'));
  fs.writeFileSync(path.join(rootfs, 'bad-elf'), '\x7fELF and no more', { mode: 0o755 });
  fs.writeFileSync(path.join(rootfs, 'bad-script'), '#!/no/such/interpreter\n', { mode: 0o755 });
});

afterAll(() => {
  fs.rmSync(root, { recursive: true });
  fs.rmSync(rootfs, { recursive: true });
});

afterEach(() => {
  expect(leftBehind()).toEqual([]);
});

/** Containers, mounts and cgroups that a failed start must not leave. */
function leftBehind(): string[] {
  const containers = path.join(root, 'containers');
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...(fs.existsSync(containers) ? fs.readdirSync(containers) : []),
    ...mounts.filter(line => line.includes(root)),
  ];
}

function skiff(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(RUN, ['--root', root, ...args], {
    input: '',
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: status, stdout, message: stderr.split('\n')[0], remedy: stderr.split('\n')[1] };
}

/** Of `--rootfs DIR` with the files made above. */
const below = (...args: string[]) => ['--rootfs', '<rootfs>', ...args];

test.each<[string, string[], number, string]>([
  ['unknown flag', ['--nosuch', 'true'], 125, 'unknown flag: --nosuch'],
  ['unknown short flag', ['-Z', 'true'], 125, "unknown shorthand flag: 'Z' in -Z"],
  ['flag without value', ['--memory'], 125, 'flag needs an argument: --memory'],
  ['short flag without value', ['-m'], 125, "flag needs an argument: 'm' in -m"],
  ['unknown image', ['--image', 'nosuch', 'true'], 125, 'no such image: nosuch'],
  ['memory below the minimum', ['-m', '1k', 'true'], 125, 'Minimum memory limit allowed is 6MB'],
  [
    'memory that is no size',
    ['-m', 'abc', 'true'],
    125,
    'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\'',
  ],
  [
    'swap below memory',
    ['-m', '64m', '--memory-swap', '32m', 'true'],
    125,
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    'negative cpus',
    ['--cpus', '-1', 'true'],
    125,
    `Range of CPUs is from 0.01 to ${CPUS}.00, as there are only ${CPUS} CPUs available`,
  ],
  [
    'too many cpus',
    ['--cpus', '99999', 'true'],
    125,
    `Range of CPUs is from 0.01 to ${CPUS}.00, as there are only ${CPUS} CPUs available`,
  ],
  [
    'cpu that is not there',
    ['--cpuset', '99', 'true'],
    125,
    `Requested CPUs are not available - requested 99, available: ${ALLOWED}`,
  ],
  ['cpuset that is no list', ['--cpuset', '1-', 'true'], 125, 'Invalid value 1- for cpuset cpus'],
  [
    'relative directory',
    ['-w', 'relative', 'true'],
    125,
    "the working directory 'relative' is invalid, it needs to be an absolute path",
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
  ['empty command', [''], 125, 'no command specified'],
  ['no command', ['--rootfs', '/'], 125, 'no command specified'],
  [
    'invalid name',
    ['--name', 'a b', 'true'],
    125,
    'Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
  ['invalid host name', ['-h', 'a_b', 'true'], 125, 'invalid hostname format: a_b'],
  ['unknown ulimit', ['--ulimit', 'bogus=1', 'true'], 125, 'invalid ulimit type: bogus'],
  ['sysctl of the host', ['--sysctl', 'kernel.panic=1', 'true'], 125, "sysctl 'kernel.panic' is not allowed"],
  [
    'relative tmpfs',
    ['--tmpfs', 'run', 'true'],
    125,
    "invalid mount path: 'run' mount path must be absolute",
  ],
  ['terminal without one', ['-t', '-i', 'true'], 125, 'the input device is not a TTY'],
  ['command not found', ['nosuch'], 127, 'cannot start "nosuch": executable file not found in $PATH'],
  ['path not found', ['/no/such'], 127, 'cannot start "/no/such": no such file or directory'],
  ['not executable', ['/etc/passwd'], 126, 'cannot start "/etc/passwd": permission denied'],
  ['a directory', ['/etc'], 126, 'cannot start "/etc": is a directory: permission denied'],
  ['bad ELF', below('/bad-elf'), 126, 'cannot start "/bad-elf": exec format error'],
  ['missing interpreter', below('/bad-script'), 127, 'cannot start "/bad-script": no such file or directory'],
])('%s: run %j', (_, args, code, message) => {
  const result = skiff('run', ...args.map(arg => (arg === '<rootfs>' ? rootfs : arg)));
  expect(result).toMatchObject({ code, stdout: '', message: `skiff: ${message}` });
});

test('unknown command', () =>
  expect(skiff('runn', 'true')).toMatchObject({
    code: 125,
    message: 'skiff: unknown command: "runn" for "skiff"',
    remedy: "Did you mean 'skiff run'?",
  }));

test('the remedy of a wrong flag', () =>
  expect(skiff('run', '--nosuch').remedy).toBe("See 'skiff run --help'."));

test('a name that is in use', async () => {
  const first = spawn(RUN, ['--root', root, 'run', '-i', '--name', 'taken', 'sh', '-c', 'echo up; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(first.stdout, 'data');
    const second = skiff('run', '--name', 'taken', 'true');
    expect(second.code).toBe(125);
    expect(second.message).toMatch(/^skiff: .*container name "\/?taken" is already in use/);
  } finally {
    await end(first);
  }
});

async function end(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

test('NUL in an argument, which only the API can be given', async () => {
  const engine = await Skiff.open({ root });
  try {
    await expect(engine.start(['sh', 'a\0b'], {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'NUL byte in argument 1 of the command',
    });
  } finally {
    await engine.close();
  }
});

test('a root directory that can not be written', () => {
  const { status, stderr } = spawnSync(RUN, ['--root', '/proc/skiff', 'run', 'true'], { encoding: 'utf8' });
  expect(status).toBe(125);
  expect(stderr.split('\n')[0]).toMatch(/^skiff: .*\/proc\/skiff.*: /);
  expect(stderr).not.toMatch(/^ {4}at /m);
});

test('not root: says what is needed', () => {
  fs.chmodSync(root, 0o755);
  const { status, stderr } = spawnSync('setpriv', [...NOT_ROOT, RUN, '--root', root, 'run', 'true'], {
    encoding: 'utf8',
  });
  fs.chmodSync(root, 0o700);
  expect(status).toBe(125);
  expect(stderr.split('\n')[0]).toMatch(/^skiff: .*\broot\b/);
  expect(stderr).not.toMatch(/^ {4}at /m);
});
