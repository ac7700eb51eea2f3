import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tty from 'node:tty';
import { main } from '../../lib/cli/main';
import { SkiffError } from '../../lib/common/errors';
import type { ExitResult, StartOptions } from '../../lib/engine/options';
import { capture, type Captured } from './capture';

const engine = {
  opened: [] as unknown[],
  started: [] as { command: string[]; options: StartOptions }[],
  closed: 0,
  failure: undefined as Error | undefined,
  result: {} as Partial<ExitResult>,
};

/** Takes note of what is to be started. */
async function start(command: string[], options: StartOptions) {
  if (engine.failure) throw engine.failure;
  engine.started.push({ command, options });
  return {
    id: 'abc123',
    kill: () => true,
    wait: async () => ({
      exitCode: 0,
      timedOut: false,
      oomKilled: false,
      usage: { cpuMs: 0, memoryPeakBytes: 0 },
      verdict: { status: 'ok', cpuMs: 0, wallMs: 0, memoryPeakBytes: 0 },
      files: {},
      ...engine.result,
    }),
  };
}

jest.mock(
  '../../lib/engine',
  () => ({
    Skiff: {
      async open(options: unknown) {
        engine.opened.push(options);
        return {
          hasImage: async (name: string) => name === 'busybox',
          start,
          launch: start,
          close: async () => void (engine.closed += 1),
        };
      },
    },
  }),
  { virtual: true },
);

let said: Captured;
let directory: string;

beforeEach(() => {
  Object.assign(engine, { opened: [], started: [], closed: 0, failure: undefined, result: {} });
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-cli-'));
  said = capture();
});

afterEach(() => {
  jest.restoreAllMocks();
  fs.rmSync(directory, { recursive: true });
});

const started = () => engine.started[0]!;

test('the streams are handed over as they are, and those of this process are not touched', async () => {
  const touched: string[] = [];
  const kept = (['stdin', 'stdout', 'stderr'] as const).map(name => {
    const property = Object.getOwnPropertyDescriptor(process, name)!;
    Object.defineProperty(process, name, { configurable: true, get: () => void touched.push(name) });
    return [name, property] as const;
  });
  try {
    expect(await main(['run', '-i', 'cat'])).toBe(0);
  } finally {
    for (const [name, property] of kept) Object.defineProperty(process, name, property);
  }
  expect(touched).toEqual([]);
  expect(started().options).toMatchObject({ stdin: 0, stdout: 'inherit', stderr: 'inherit' });
  expect(said).toEqual({ out: '', err: '' });
});

test('without -i there is no input', async () => {
  await main(['run', 'cat']);
  expect(started().options.stdin).toBe('ignore');
});

test('all flags arrive as options', async () => {
  const file = path.join(directory, 'vars.env');
  fs.writeFileSync(file, 'FILE=1\nBOTH=file\n');
  process.env.SKIFF_TEST_HOST = 'of the host';
  await main(
    [
      `--root=${directory} run --storage-driver vfs -m64m --memory-swap 128m --cpus .5 --cpushare 512 --cpuset 0`,
      `--pids-limit 20 --timeout 1.5 --network host --init --read-only --tmpfs /run:size=1m -v /a:/b:ro --ulimit nofile=9`,
      `--sysctl kernel.sem=1 -w /w -u 7 -h box --name web --keep --rootfs / --entrypoint prog`,
      `--mount type=tmpfs,dst=/t --volumes-from other:ro --cap-add NET_ADMIN --cap-drop KILL --device /dev/fuse`,
      `--group-add 5 --security-opt no-new-privileges --file ${file}:/w/f`,
      `-e BOTH=flag -e SKIFF_TEST_HOST -e SKIFF_TEST_NOT_THERE --env-file ${file} a --init`,
    ].flatMap(line => line.split(' ')),
  );
  delete process.env.SKIFF_TEST_HOST;
  expect(said).toEqual({ out: '', err: '' });
  expect(engine.opened).toEqual([{ root: directory, storageDriver: 'vfs', idle: false, once: true }]);
  expect(started().command).toEqual(['a', '--init']);
  expect(started().options).toEqual({
    usage: false,
    rootfs: '/',
    name: 'web',
    env: ['FILE=1', 'BOTH=file', 'BOTH=flag', 'SKIFF_TEST_HOST=of the host', 'SKIFF_TEST_NOT_THERE'],
    cwd: '/w',
    user: '7',
    hostname: 'box',
    entrypoint: 'prog',
    memory: 64 * 1024 ** 2,
    memorySwap: 128 * 1024 ** 2,
    cpus: 0.5,
    cpuShares: 512,
    cpusetCpus: '0',
    pidsLimit: 20,
    timeout: 1500,
    network: 'host',
    init: true,
    readOnly: true,
    tmpfs: ['/run:size=1m'],
    volumes: ['/a:/b:ro'],
    mounts: [{ type: 'tmpfs', target: '/t' }],
    volumesFrom: ['other:ro'],
    capAdd: ['NET_ADMIN'],
    capDrop: ['KILL'],
    privileged: false,
    devices: ['/dev/fuse'],
    files: { '/w/f': { source: file } },
    collect: [],
    groupAdd: ['5'],
    securityOpt: ['no-new-privileges'],
    ulimits: ['nofile=9'],
    sysctls: { 'kernel.sem': '1' },
    keep: true,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  });
});

test.each<[string[], string | undefined, string[]]>([
  [['busybox', 'ls', '-l'], 'busybox', ['ls', '-l']],
  [['busybox'], 'busybox', []],
  [['ls', 'busybox'], undefined, ['ls', 'busybox']],
  [['--image', 'other', 'busybox', 'ls'], 'other', ['busybox', 'ls']],
  [['--rootfs', '/', 'busybox', 'ls'], undefined, ['busybox', 'ls']],
  [['--', 'busybox', '--', 'x'], 'busybox', ['--', 'x']],
])('%j: image %j, command %j', async (argv, image, command) => {
  await main(['run', ...argv]);
  expect(started()).toMatchObject({ command });
  expect(started().options.image).toBe(image);
});

test('the exit code is the command’s, and what ended it is told', async () => {
  engine.result = { exitCode: 137, timedOut: true };
  expect(await main(['run', '--timeout', '1s', 'x'])).toBe(137);
  expect(said.err).toBe('skiff: timed out after 1s: killed\n');
  expect(engine.closed).toBe(1);
});

test('a failure of the engine: its message, its exit code, and the engine is closed', async () => {
  const message = 'cannot start "nosuch": executable file not found in $PATH';
  engine.failure = new SkiffError(message, { code: 'ENOENT', exitCode: 127 });
  expect(await main(['run', 'nosuch'])).toBe(127);
  expect(said.err).toBe(`skiff: ${message}\n`);
  expect(engine.closed).toBe(1);
});

test('a terminal’s keys need a terminal', async () => {
  jest.spyOn(tty, 'isatty').mockReturnValue(false);
  expect(await main(['run', '-ti', 'sh'])).toBe(125);
  expect(said.err).toMatch(/^skiff: the input device is not a TTY\nLeave out -t /);
  expect(engine.started).toEqual([]);
  expect(engine.closed).toBe(1);
});

describe('--cidfile', () => {
  test('holds the id', async () => {
    const file = path.join(directory, 'cid');
    expect(await main(['run', '--cidfile', file, 'x'])).toBe(0);
    expect(fs.readFileSync(file, 'utf8')).toBe('abc123');
  });

  test('is not taken from another', async () => {
    const file = path.join(directory, 'cid');
    fs.writeFileSync(file, 'other');
    expect(await main(['run', '--cidfile', file, 'x'])).toBe(125);
    expect(said.err).toBe(
      `skiff: container ID file found, make sure the other container isn't running or delete ${file}\n`,
    );
    expect(engine.started).toEqual([]);
    expect(fs.readFileSync(file, 'utf8')).toBe('other');
  });

  test('goes when the start fails', async () => {
    engine.failure = new SkiffError('x', { code: 'EIO' });
    const file = path.join(directory, 'cid');
    await main(['run', '--cidfile', file, 'x']);
    expect(fs.existsSync(file)).toBe(false);
  });
});

test.each([
  [['run', '--nosuch'], "skiff: unknown flag: --nosuch\nSee 'skiff run --help'.\n"],
  [['run', '-m'], "skiff: flag needs an argument: 'm' in -m\nSee 'skiff run --help'.\n"],
  [['run', '--rm', '--keep', 'x'], "skiff: conflicting options: --rm and --keep\nSee 'skiff run --help'.\n"],
  [['run', '--env-file', '/nosuch', 'x'], 'skiff: open env file: /nosuch: no such file or directory\n'],
  [['runn', 'sh'], 'skiff: unknown command: "runn" for "skiff"\nDid you mean \'skiff run\'?\n'],
  [['frobnicate'], 'skiff: unknown command: "frobnicate" for "skiff"\nSee \'skiff --help\'.\n'],
  [['--nosuch'], "skiff: unknown flag: --nosuch\nSee 'skiff --help'.\n"],
])('%j is refused before anything is opened', async (argv, message) => {
  expect(await main(argv)).toBe(125);
  expect(said.err).toBe(message);
  expect(engine.opened).toEqual([]);
});

test.each([[['--version']], [['-v']]])('%j', async argv => {
  expect(await main(argv)).toBe(0);
  expect(said.out).toMatch(/^skiff version \d+\.\d+\.\d+\nspec: /);
});

test.each([[[]], [['--help']], [['help']]])('%j gives an overview', async argv => {
  expect(await main(argv)).toBe(0);
  expect(said.out).toMatch(/run +Run a command in a new container/);
  expect(said.out).toContain('skiff run -ti sh');
});

test.each([[['run', '--help']], [['help', 'run']], [['--help', 'run']]])(
  '%j names every flag',
  async argv => {
    expect(await main(argv)).toBe(0);
    for (const flag of [
      '-m, --memory',
      '--cpus',
      '-h, --hostname',
      '--timeout',
      'skiff run --rootfs / node -v',
    ]) {
      expect(said.out).toContain(flag);
    }
    expect(engine.opened).toEqual([]);
  },
);
