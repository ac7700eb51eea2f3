import fc from 'fast-check';
import { findCommand, globalFlags } from '../../lib/cli/globals';
import { parseArgv } from '../../lib/cli/parse';
import { runFlags } from '../../lib/cli/run-flags';

const MIB = 1024 ** 2;
const flags = { ...runFlags, ...globalFlags };
const parse = (...argv: string[]) => parseArgv(argv, flags, 'run');

/** What was set, and nothing else. */
function setBy(...argv: string[]) {
  const empty: Record<string, unknown> = parse().flags;
  const given = Object.entries(parse(...argv).flags);
  return Object.fromEntries(
    given.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(empty[name])),
  );
}

test.each<[string[], Record<string, unknown>]>([
  [['-t', '-i'], { tty: true, interactive: true }],
  [['-ti'], { tty: true, interactive: true }],
  [['-it'], { tty: true, interactive: true }],
  [['-tim64m'], { tty: true, interactive: true, memory: 64 * MIB }],
  [['-tim', '64m'], { tty: true, interactive: true, memory: 64 * MIB }],
  [['-m64m'], { memory: 64 * MIB }],
  [['-m=64m'], { memory: 64 * MIB }],
  [['-m', '64m'], { memory: 64 * MIB }],
  [['--memory=64m'], { memory: 64 * MIB }],
  [['--memory', '64m'], { memory: 64 * MIB }],
  [['--mem=64m'], { memory: 64 * MIB }],
  [['--mem', '64m'], { memory: 64 * MIB }],
  [['-m', '1m', '-m', '2m'], { memory: 2 * MIB }],
  [['-eA=b', '-e', 'C=d=e', '--env=F=', '-e=G=h'], { env: ['A=b', 'C=d=e', 'F=', 'G=h'] }],
  [['-e', '-t'], { env: ['-t'] }],
  [
    ['--cpushare', '512', '--cpuset', '1', '--net=host'],
    { 'cpu-shares': 512, 'cpuset-cpus': '1', network: 'host' },
  ],
  [['--memory-swap', '-1'], { 'memory-swap': -1 }],
  [['--cpus', '-1'], { cpus: -1 }],
  [['--cpus', '.5'], { cpus: 0.5 }],
  [['-h', 'box'], { hostname: 'box' }],
  [['--help'], { help: true }],
  [['--init=true', '--read-only=false', '-t=0'], { init: true }],
  [['--timeout', '1.5'], { timeout: 1500 }],
  [['--timeout=2m'], { timeout: 120_000 }],
  [['--root', '/r', '--debug'], { root: '/r', debug: true }],
  [['-v', '/a:/b', '--volume=/c:/d:ro'], { volume: ['/a:/b', '/c:/d:ro'] }],
  [['--tmpfs', '/a', '--tmpfs', '/b:size=1m'], { tmpfs: ['/a', '/b:size=1m'] }],
])('%j sets %j', (argv, set) => expect(setBy(...argv)).toEqual(set));

test.each([
  [['--nosuch'], 'unknown flag: --nosuch'],
  [['--nosuch=1'], 'unknown flag: --nosuch'],
  [['--toString'], 'unknown flag: --toString'],
  [['-Z'], "unknown shorthand flag: 'Z' in -Z"],
  [['-tZi'], "unknown shorthand flag: 'Z' in -tZi"],
  [['--memory'], 'flag needs an argument: --memory'],
  [['--mem'], 'flag needs an argument: --mem'],
  [['-m'], "flag needs an argument: 'm' in -m"],
  [['-tim'], "flag needs an argument: 'm' in -tim"],
  [['-m', 'abc'], 'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\''],
  [['--mem=abc'], 'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\''],
  [['--cpus', 'x'], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
  [
    ['--pids-limit', 'x'],
    'invalid argument "x" for "--pids-limit" flag: strconv.ParseInt: parsing "x": invalid syntax',
  ],
  [['--timeout', 'soon'], 'invalid argument "soon" for "--timeout" flag: invalid duration: \'soon\''],
  [
    ['--tty=maybe'],
    'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  [
    ['--net', 'moon'],
    'invalid argument "moon" for "--network" flag: network moon not found: known are none and host',
  ],
])('%j is refused', (argv, message) => {
  expect(() => parse(...argv)).toThrow(expect.objectContaining({ message, exitCode: 125 }));
  expect(() => parse(...argv)).toThrow(expect.objectContaining({ remedy: "See 'skiff run --help'." }));
});

describe('words', () => {
  test.each([
    [
      ['busybox', 'ls', '-l'],
      ['busybox', 'ls', '-l'],
    ],
    [
      ['-ti', 'sh', '-c', 'echo --memory'],
      ['sh', '-c', 'echo --memory'],
    ],
    [
      ['--', '-ti', '--', 'x'],
      ['-ti', '--', 'x'],
    ],
    [
      ['sh', '--'],
      ['sh', '--'],
    ],
    [
      ['-', '-t'],
      ['-', '-t'],
    ],
    [[''], ['']],
    [['-e', 'sh'], []],
  ])('of %j are %j', (argv, words) => expect(parse(...argv).words).toEqual(words));

  const anyWord = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('-t', '--', '-', '--memory', '--help', '', '-m64m', '--root=/x', 'a', 'b'),
  );

  test('whatever stands after the first arrives as it is', () => {
    const before = fc.subarray(['-t', '-i', '-m64m', '--name=x', '--keep', '-eA=b']);
    const first = anyWord.filter(word => !word.startsWith('-') || word === '-');
    fc.assert(
      fc.property(before, first, fc.array(anyWord), (leading, word, rest) => {
        expect(parse(...leading, word, ...rest).words).toEqual([word, ...rest]);
      }),
    );
  });

  test('and all of it after an explicit --', () => {
    fc.assert(
      fc.property(fc.array(anyWord), words => {
        expect(parse('-t', '--', ...words).words).toEqual(words);
      }),
    );
  });

  test('global flags before the name change nothing about them', () => {
    fc.assert(
      fc.property(fc.array(anyWord), words => {
        const line = findCommand(['--root', '/r', '--debug', 'run', '--', ...words]);
        expect(line.name).toBe('run');
        const parsed = parse(...line.argv);
        expect(parsed.flags).toMatchObject({ root: '/r', debug: true });
        expect(parsed.words).toEqual(words);
      }),
    );
  });
});

describe('the command', () => {
  test.each([
    [[], undefined],
    [['--help'], undefined],
    [['run', '--help'], 'run'],
    [['--root=/r', 'doctor'], 'doctor'],
    [['--', 'run'], 'run'],
  ])('of %j is %j', (argv, name) => expect(findCommand(argv).name).toBe(name));

  test.each([[['-v']], [['--version']]])('%j asks for the version', argv =>
    expect(findCommand(argv).version).toBe(true),
  );

  test('an unknown flag before it', () =>
    expect(() => findCommand(['--nosuch', 'run'])).toThrow(
      expect.objectContaining({ message: 'unknown flag: --nosuch', remedy: "See 'skiff --help'." }),
    ));
});
