import fc from 'fast-check';
import { checkCpuset, formatCpuset, parseCpuset } from '../../lib/spec/cpuset';
import { tmpfsMounts } from '../../lib/spec/mounts';
import { inOrder } from '../../lib/spec/destination';
import { checkHostname, checkName } from '../../lib/spec/names';
import { checkSysctls } from '../../lib/spec/sysctl';
import { parseUlimit, parseUlimits, RLIM_INFINITY } from '../../lib/spec/ulimit';

describe('ulimits', () => {
  test('soft and hard', () => {
    expect(parseUlimit('nofile=1024:2048')).toEqual({ type: 'RLIMIT_NOFILE', soft: 1024, hard: 2048 });
    expect(parseUlimit('nproc=5')).toEqual({ type: 'RLIMIT_NPROC', soft: 5, hard: 5 });
    expect(parseUlimit('core=-1')).toEqual({ type: 'RLIMIT_CORE', soft: RLIM_INFINITY, hard: RLIM_INFINITY });
    expect(parseUlimit('core=0:-1')).toEqual({ type: 'RLIMIT_CORE', soft: 0, hard: RLIM_INFINITY });
  });

  test('the last of a name counts', () =>
    expect(parseUlimits(['nofile=1', 'core=0', 'nofile=2'])).toEqual([
      { type: 'RLIMIT_NOFILE', soft: 2, hard: 2 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ]));

  test.each([
    ['nofile', 'invalid ulimit argument: nofile'],
    ['bogus=1', 'invalid ulimit type: bogus'],
    ['nofile=1:2:3', 'too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`'],
    ['nofile=abc', 'invalid ulimit value: "abc"'],
    ['nofile=', 'invalid ulimit value: ""'],
    ['nofile=-2', 'invalid ulimit value: "-2"'],
    ['nofile=2:1', 'ulimit soft limit must be less than or equal to hard limit: 2 > 1'],
    ['nofile=-1:5', 'soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: 5'],
  ])('%s is refused', (text, message) => expect(() => parseUlimit(text)).toThrow(message));

  test('any two numbers in order come out as they went in', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        const [soft, hard] = [Math.min(a, b), Math.max(a, b)];
        expect(parseUlimit(`stack=${soft}:${hard}`)).toEqual({ type: 'RLIMIT_STACK', soft, hard });
      }),
    );
  });
});

describe('cpusets', () => {
  test('the list format', () => expect(parseCpuset('4,0-2,2')).toEqual([0, 1, 2, 4]));

  test.each(['', 'a', '1-', '2-1', '0,,1', '-1', '0-99999'])('%j is refused', text =>
    expect(() => parseCpuset(text)).toThrow(`Invalid value ${text} for cpuset cpus`),
  );

  test('only what this process may use itself', () => {
    expect(checkCpuset('1', '0-1')).toBe('1');
    expect(() => checkCpuset('99', '0-1')).toThrow(
      'Requested CPUs are not available - requested 99, available: 0-1',
    );
    expect(() => checkCpuset('0-2', '0-1')).toThrow('requested 0-2, available: 0-1');
  });

  test('any set of numbers reads back from its shortest list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1 }), cpus => {
        expect(parseCpuset(formatCpuset(cpus))).toEqual([...cpus].sort((a, b) => a - b));
      }),
    );
  });
});

describe('tmpfs', () => {
  const options = (text: string) => tmpfsMounts([text])[0]!.options;

  test("Docker's defaults", () => expect(options('/run')).toEqual(['rw', 'noexec', 'nosuid', 'nodev']));

  test('a flag takes the place of the default it contradicts', () =>
    expect(options('/run:size=64m,exec,mode=700,ro')).toEqual([
      'nosuid',
      'nodev',
      'size=64m',
      'exec',
      'mode=700',
      'ro',
    ]));

  test('the path is made plain', () => expect(tmpfsMounts(['/a//b/../c/'])[0]!.destination).toBe('/a/c'));

  test.each([
    ['run', "invalid mount path: 'run' mount path must be absolute"],
    ['/', "invalid specification: destination can't be '/'"],
    ['/a/..', "invalid specification: destination can't be '/'"],
    ['/run:bogus', 'invalid tmpfs option "bogus"'],
    ['/run:size=x', 'invalid tmpfs option "size=x"'],
    ['/run:mode=9', 'invalid tmpfs option "mode=9"'],
    ['/run:constructor=1', 'invalid tmpfs option "constructor=1"'],
  ])('%s is refused', (text, message) => expect(() => tmpfsMounts([text])).toThrow(message));

  test('one place twice', () =>
    expect(() => inOrder(tmpfsMounts(['/run', '/run/']))).toThrow('Duplicate mount point: /run'));
});

describe('sysctls', () => {
  test.each(['net.ipv4.ip_forward', 'kernel.shmmax', 'kernel.sem', 'fs.mqueue.msg_max'])(
    '%s is allowed',
    name => expect(checkSysctls({ [name]: '1' }, 'none')).toEqual({ [name]: '1' }),
  );

  test.each([
    'kernel.domainname',
    'kernel.panic',
    'vm.swappiness',
    'fs.file-max',
    'net/../kernel.x',
    'net',
    '',
  ])('%j is refused', name =>
    expect(() => checkSysctls({ [name]: '1' }, 'none')).toThrow(`sysctl '${name}' is not allowed`),
  );

  test('the host name has its own option', () =>
    expect(() => checkSysctls({ 'kernel.hostname': 'x' }, 'none')).toThrow(
      'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
    ));

  test('net.* belongs to the host there', () =>
    expect(() => checkSysctls({ 'net.ipv4.ip_forward': '1' }, 'host')).toThrow(
      'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    ));
});

describe('names', () => {
  test.each(['ab', 'web-1', 'a.b_c', '0x'])('%s is a name', name => expect(checkName(name)).toBe(name));

  test.each(['', 'a', '-a', '.x', 'a b', 'ä1', 'a/b', 'ab\n'])('%j is none', name =>
    expect(() => checkName(name)).toThrow(
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    ),
  );

  test.each(['h', 'a.b-c.d', '1', 'x'.repeat(64)])('%s is a host name', name =>
    expect(checkHostname(name)).toBe(name),
  );

  test.each(['-a', 'a-', 'a..b', 'a_b', 'x'.repeat(65), 'a\n', 'a b'])('%j is no host name', name =>
    expect(() => checkHostname(name)).toThrow(`invalid hostname format: ${name}`),
  );
});
