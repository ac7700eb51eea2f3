import type { Spec } from '../../lib/spec/types';
import { toSpec, toTimeout, type SpecInput, type SpecOptions } from '../../lib/spec/options';

const input: SpecInput = {
  id: '0123456789abcdef0123',
  command: ['sh', '-c', 'echo hi'],
  options: {},
  image: {},
  rootPath: '/mnt/x',
  readFile: path => (path === '/etc/passwd' ? Buffer.from('root:x:0:0::/root:/bin/sh\n') : null),
  machine: { cpuCount: 2, allowedCpus: '0-1' },
};
const spec = (options: SpecOptions, more: Partial<SpecInput> = {}) => toSpec({ ...input, options, ...more });
const MIB = 1024 ** 2;

/** Its resources but for the rules of devices, which every container has. */
function limits({ linux }: Spec): Spec['linux']['resources'] {
  const others = { ...linux.resources };
  delete others.devices;
  return others;
}

test('without options: what Docker gives', () => {
  const made = spec({});
  expect(made).toMatchObject({
    hostname: '0123456789ab',
    root: { path: '/mnt/x', readonly: false },
    process: {
      args: ['sh', '-c', 'echo hi'],
      cwd: '/',
      user: { uid: 0, gid: 0, additionalGids: [0], umask: 0o022 },
      rlimits: [],
    },
  });
  expect(made.process.env).toContain('HOSTNAME=0123456789ab');
  expect(made.process.env).toContain('HOME=/root');
  expect(made.process.terminal).toBeUndefined();
  expect(made.process.capabilities!.bounding).toHaveLength(14);
  expect(made.process.capabilities!.ambient).toEqual([]);
  expect(made.linux.namespaces.map(({ type }) => type)).toEqual(['pid', 'mount', 'uts', 'ipc', 'network']);
  expect(limits(made)).toEqual({});
  expect(made.linux.resources!.devices![0]).toEqual({ allow: false, access: 'rwm' });
  expect(made.mounts.map(({ destination }) => destination)).toEqual([
    '/proc',
    '/dev',
    '/dev/pts',
    '/sys',
    '/dev/mqueue',
    '/dev/shm',
  ]);
});

test('two specs share nothing that can be changed', () => {
  spec({}).mounts[0]!.options!.push('changed');
  spec({}).process.capabilities!.bounding.pop();
  expect(spec({}).mounts[0]!.options).not.toContain('changed');
  expect(spec({}).process.capabilities!.bounding).toHaveLength(14);
});

test('the network of the host', () =>
  expect(spec({ network: 'host' }).linux.namespaces.map(({ type }) => type)).not.toContain('network'));

test('a terminal and its size', () => {
  expect(spec({ tty: { rows: 24, columns: 80 } }).process).toMatchObject({
    terminal: true,
    consoleSize: { height: 24, width: 80 },
  });
  expect(() => spec({ tty: { rows: -1, columns: 80 } })).toThrow('invalid terminal size: rows -1');
});

describe('command and entrypoint', () => {
  const image = { entrypoint: ['/entry', '-x'], cmd: ['default'] };
  test.each<[string[], string | undefined, string[]]>([
    [[], undefined, ['/entry', '-x', 'default']],
    [['given'], undefined, ['/entry', '-x', 'given']],
    [['given'], '', ['given']],
    [['given', ''], 'mine', ['mine', 'given', '']],
    [[], 'mine', ['mine']],
  ])('%j with entrypoint %j', (command, entrypoint, args) =>
    expect(spec({ entrypoint }, { command, image }).process.args).toEqual(args),
  );

  test.each<[string[], string | undefined]>([
    [[], ''],
    [[''], ''],
  ])('%j with entrypoint %j is no command', (command, entrypoint) =>
    expect(() => spec({ entrypoint }, { command, image })).toThrow('no command specified'),
  );

  test('no command at all', () => expect(() => spec({}, { command: [] })).toThrow('no command specified'));
});

test("the image's user and directory, and the user's over them", () => {
  const image = { user: '7', workingDir: '/w' };
  expect(spec({}, { image }).process).toMatchObject({ cwd: '/w', user: { uid: 7 } });
  expect(spec({ user: '8', cwd: '/a/../b/' }, { image }).process).toMatchObject({
    cwd: '/b',
    user: { uid: 8 },
  });
});

describe('limits', () => {
  test('in the units of the OCI spec', () =>
    expect(
      limits(
        spec({
          memory: '64m',
          memorySwap: 128 * MIB,
          cpus: 0.5,
          cpuShares: 512,
          cpusetCpus: '1',
          pidsLimit: 20,
        }),
      ),
    ).toEqual({
      memory: { limit: 64 * MIB, swap: 128 * MIB },
      cpu: { quota: 50_000, period: 100_000, shares: 512, cpus: '1' },
      pids: { limit: 20 },
    }));

  test('swap as large as memory where the kernel can limit it', () => {
    const machine = { ...input.machine, swapLimit: true };
    expect(spec({ memory: '64m' }, { machine }).linux.resources!.memory).toEqual({
      limit: 64 * MIB,
      swap: 128 * MIB,
    });
    expect(spec({ memory: '64m', memorySwap: '-1' }, { machine }).linux.resources!.memory!.swap).toBe(-1);
  });

  test.each([0, -1])('pids limit %d is none', pidsLimit => expect(limits(spec({ pidsLimit }))).toEqual({}));
});

test.each<[string, SpecOptions, string]>([
  ['memory below the minimum', { memory: '1k' }, 'Minimum memory limit allowed is 6MB'],
  ['memory that is no size', { memory: 'abc' }, "invalid size: 'abc'"],
  ['negative memory', { memory: -5 }, 'invalid memory: -5: a whole number of bytes is needed'],
  [
    'swap below memory',
    { memory: '64m', memorySwap: '32m' },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    'swap without memory',
    { memorySwap: '32m' },
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  ['negative cpus', { cpus: -1 }, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [
    'too many cpus',
    { cpus: 99999 },
    'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available',
  ],
  ['cpus NaN', { cpus: NaN }, 'Range of CPUs is from 0.01 to 2.00'],
  ['shares', { cpuShares: 1 }, 'The minimum allowed cpu-shares is 2'],
  ['shares', { cpuShares: 262145 }, 'The maximum allowed cpu-shares is 262144'],
  ['cpuset', { cpusetCpus: '99' }, 'Requested CPUs are not available - requested 99, available: 0-1'],
  ['pids', { pidsLimit: -2 }, 'invalid PIDs limit: -2'],
  [
    'relative directory',
    { cwd: 'relative' },
    "the working directory 'relative' is invalid, it needs to be an absolute path",
  ],
  ['unknown user', { user: 'nobody-here' }, 'unable to find user nobody-here'],
  ['name', { name: 'a b' }, 'Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'],
  ['hostname', { hostname: '-x' }, 'invalid hostname format: -x'],
  ['timeout', { timeout: 'soon' }, "invalid duration: 'soon'"],
  ['timeout', { timeout: -1 }, 'invalid timeout: -1'],
  ['network', { network: 'moon' as 'none' }, 'network moon not found'],
  ['NUL in a variable', { env: { A: 'x\0y' } }, 'NUL byte in option env'],
  ['NUL in a directory', { cwd: '/x\0' }, 'NUL byte in option cwd'],
  ['NUL in a sysctl', { sysctls: { 'net.x': '1\0' } }, 'NUL byte in option sysctls'],
  [
    'a wrong type',
    { memory: {} as number },
    'invalid option memory: a number, or text such as 64m or 1.5s is needed',
  ],
  [
    'a wrong type',
    { env: { A: 1 } as unknown as string[] },
    'invalid option env: an object of texts or a list',
  ],
])('%s: %j', (_, options, message) => {
  expect(() => spec(options)).toThrow(message);
  expect(() => spec(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', exitCode: 125 }));
});

test('NUL in the command names the argument', () => {
  expect(() => spec({}, { command: ['sh\0'] })).toThrow('NUL byte in the command');
  expect(() => spec({}, { command: ['sh', 'a', 'b\0c'] })).toThrow('NUL byte in argument 2 of the command');
});

test.each([
  [undefined, undefined],
  [0, undefined],
  ['0s', undefined],
  [250, 250],
  ['1.5s', 1500],
])('timeout %j is %j ms', (timeout, ms) => expect(toTimeout(timeout)).toBe(ms));
