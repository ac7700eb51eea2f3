/**
 * Bad input on the command line: each row gives one line (and where there is one, a second with the remedy) with this
 * very message, Docker's exit code, nothing on stdout, and leaves nothing behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { projectRoot, run, skiffProgram, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { rows } from './bad-input-rows';

const NO_ROOT_DIRECTORY = 'Choose a directory that can be written to: --root DIR or SKIFF_ROOT.';

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

async function fail(args: string[]) {
  const { code, stdout, stderr } = await run(args, { root });
  return told(code, stdout.toString(), stderr);
}

function told(code: number | null, stdout: string, stderr: string) {
  const [message, remedy, ...more] = stderr.replace(/\n$/, '').split('\n');
  return { code, stdout, message, remedy, more };
}

// Each row in full length: for an argument that its row lacks, jest would wait for a call of `done`.
const cases = rows.map(([what, args, code, message, remedy]) => [what, args, code, message, remedy] as const);

test.each(cases)('%s: run %j', async (_, args, code, message, remedy) => {
  expect(await fail(['run', ...args.map(resolve)])).toEqual({
    code,
    stdout: '',
    message: `skiff: ${resolve(message)}`,
    remedy: remedy === undefined ? undefined : resolve(remedy),
    more: [],
  });
});

test('an argument longer than the kernel takes; the longest that it takes passes', async () => {
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
