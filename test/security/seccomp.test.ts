/**
 * Seccomp profiles become programs: what a program answers is compared with what the profile says, for every call of
 * every ABI, by a machine of the test's own. That the kernel sees it the same way is tested in filters.live.test.ts.
 */
import fc from 'fast-check';
import { DEFAULT_CAPABILITIES } from '../../lib/spec/capabilities';
import { abisOf, type Machine } from '../../lib/spec/seccomp/abis';
import { builtinProfile, compileFilter, parseProfile } from '../../lib/spec/seccomp/compile';
import type { SeccompArgument, SeccompProfile } from '../../lib/spec/seccomp/profile';
import { carryOut } from './bpf-machine';

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;
const NO_ARGS = [0n, 0n, 0n, 0n, 0n, 0n];

interface Asked {
  capabilities?: readonly string[];
  kernel?: string;
  machine?: Machine;
  args?: bigint[];
  abi?: string;
}

/** The answer of a profile's program to a call, by name. */
function answer(profile: SeccompProfile, name: string | number, asked: Asked = {}): number {
  const { capabilities = DEFAULT_CAPABILITIES, kernel = '6.1.0', machine = 'x64', args = NO_ARGS } = asked;
  const abis = abisOf(machine);
  const abi = abis.find(({ scmp }) => scmp === (asked.abi ?? abis[0]!.scmp))!;
  const { program } = compileFilter(profile, { machine, capabilities, kernel });
  const number = typeof name === 'number' ? name : abi.syscalls.get(name)!;
  return carryOut(Buffer.from(program, 'base64'), { number: abi.base + number, arch: abi.audit, args });
}

describe("the default profile has Docker's answers", () => {
  const profile = builtinProfile('default');

  test.each([
    ['read', ALLOW],
    ['execve', ALLOW],
    ['ptrace', ALLOW],
    ['mount', EPERM],
    ['unshare', EPERM],
    ['setns', EPERM],
    ['keyctl', EPERM],
    ['add_key', EPERM],
    ['bpf', EPERM],
    ['io_uring_setup', EPERM],
    ['userfaultfd', EPERM],
    ['kexec_load', EPERM],
    ['init_module', EPERM],
    ['open_by_handle_at', EPERM],
    ['clone3', ENOSYS],
  ])('%s', (name, expected) => {
    expect(answer(profile, name)).toBe(expected);
    expect(answer(profile, name, { machine: 'arm64' })).toBe(expected);
  });

  it('answers ENOSYS for what is newer than itself, and for numbers that nothing has', () => {
    for (const number of [334 + 1, 400, 462, 1000, 0x3fffffff]) {
      expect(answer(profile, number)).toBe(ENOSYS);
    }
    expect(answer(profile, 5000, { abi: 'SCMP_ARCH_X86' })).toBe(ENOSYS);
    expect(answer(profile, 5000, { abi: 'SCMP_ARCH_X32' })).toBe(ENOSYS);
    // What a tracer has put in place of a call that is to be skipped.
    expect(answer(profile, 0xffffffff)).toBe(ENOSYS);
  });

  it('lets clone make processes and threads, and no namespace', () => {
    const clone = (flags: bigint) => answer(profile, 'clone', { args: [flags, 0n, 0n, 0n, 0n, 0n] });
    expect(clone(0x3d0f00n)).toBe(ALLOW);
    for (const flag of [
      0x20000n,
      0x2000000n,
      0x4000000n,
      0x8000000n,
      0x10000000n,
      0x20000000n,
      0x40000000n,
    ]) {
      expect(clone(flag | 17n)).toBe(EPERM);
    }
    const admin = { capabilities: ['CAP_SYS_ADMIN'] };
    expect(answer(profile, 'clone', { ...admin, args: [0x10000000n, 0n, 0n, 0n, 0n, 0n] })).toBe(ALLOW);
    expect(answer(profile, 'clone3', admin)).toBe(ALLOW);
  });

  it('opens with capabilities what they are for', () => {
    expect(answer(profile, 'mount', { capabilities: ['CAP_SYS_ADMIN'] })).toBe(ALLOW);
    expect(answer(profile, 'chroot')).toBe(ALLOW);
    expect(answer(profile, 'chroot', { capabilities: [] })).toBe(EPERM);
    expect(answer(profile, 'settimeofday', { capabilities: ['CAP_SYS_TIME'] })).toBe(ALLOW);
  });

  it('leaves ptrace to kernels from 4.8 on', () => {
    expect(answer(profile, 'ptrace', { kernel: '4.7.10' })).toBe(EPERM);
    expect(answer(profile, 'ptrace', { kernel: '4.8.0-rc1' })).toBe(ALLOW);
    expect(answer(profile, 'ptrace', { kernel: '4.7.10', capabilities: ['CAP_SYS_PTRACE'] })).toBe(ALLOW);
  });

  it('compares all 64 bits of an argument', () => {
    const personality = (value: bigint) =>
      answer(profile, 'personality', { args: [value, 0n, 0n, 0n, 0n, 0n] });
    expect(personality(0x20008n)).toBe(ALLOW);
    expect(personality(0xffffffffn)).toBe(ALLOW);
    expect(personality(0x40000n)).toBe(EPERM);
    expect(personality(0x1_0002_0008n)).toBe(EPERM);
  });

  it('holds for i386 and x32, and ends programs of other architectures', () => {
    expect(answer(profile, 'mount', { abi: 'SCMP_ARCH_X86' })).toBe(EPERM);
    expect(answer(profile, 'umount', { abi: 'SCMP_ARCH_X86' })).toBe(EPERM);
    expect(answer(profile, 'socketcall', { abi: 'SCMP_ARCH_X86' })).toBe(ALLOW);
    expect(answer(profile, 'mount', { abi: 'SCMP_ARCH_X32' })).toBe(EPERM);
    const { program } = compileFilter(profile, { machine: 'x64', capabilities: [], kernel: '6.1' });
    expect(carryOut(Buffer.from(program, 'base64'), { number: 0, arch: 0xc00000b7, args: NO_ARGS })).toBe(
      KILL,
    );
  });

  it('is short', () => {
    const { program } = compileFilter(profile, {
      machine: 'x64',
      capabilities: DEFAULT_CAPABILITIES,
      kernel: '6.1',
    });
    expect(Buffer.from(program, 'base64').length / 8).toBeLessThan(600);
  });
});

describe('the sandbox profile', () => {
  const profile = builtinProfile('sandbox');
  const sandbox = { capabilities: [] };
  const socket = (family: bigint, protocol = 0n) =>
    answer(profile, 'socket', { ...sandbox, args: [family, 1n, protocol, 0n, 0n, 0n] });

  it('has no call for the kernel itself, namespaces, keys, tracing', () => {
    const denied =
      'ptrace keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup mount umount2 pivot_root chroot ' +
      'unshare setns process_vm_readv kcmp pidfd_getfd name_to_handle_at open_by_handle_at fanotify_init syslog ' +
      'init_module kexec_load reboot swapon iopl modify_ldt quotactl acct';
    const numbers = abisOf('x64')[0]!.syscalls;
    for (const name of denied.split(' ')) {
      expect(numbers.has(name)).toBe(true);
      expect([name, answer(profile, name, sandbox)]).toEqual([name, EPERM]);
    }
  });

  it('has sockets of the usual families only', () => {
    expect([1n, 2n, 10n].map(family => socket(family))).toEqual([ALLOW, ALLOW, ALLOW]);
    expect(socket(16n)).toBe(ALLOW);
    expect([socket(16n, 9n), socket(17n), socket(40n), socket(38n)]).toEqual([EPERM, EPERM, EPERM, EPERM]);
  });

  it('has ioctl but for writing to a terminal as its user', () => {
    const ioctl = (request: bigint) =>
      answer(profile, 'ioctl', { ...sandbox, args: [0n, request, 0n, 0n, 0n, 0n] });
    expect(ioctl(0x5401n)).toBe(ALLOW);
    // The kernel takes 32 bits of it.
    expect([ioctl(0x5412n), ioctl(0x1_0000_5412n), ioctl(0x541cn)]).toEqual([EPERM, EPERM, EPERM]);
  });

  it('ends programs of i386, whose sockets a filter can not tell apart', () => {
    expect(answer(profile, 'read', { ...sandbox, abi: 'SCMP_ARCH_X86' })).toBe(KILL);
  });
});

/** What a condition says, without bits of halves. */
function holds({ index, value, valueTwo = 0, op }: SeccompArgument, args: bigint[]): boolean {
  const [left, right] = [args[index]!, BigInt(value)];
  return {
    SCMP_CMP_NE: left !== right,
    SCMP_CMP_LT: left < right,
    SCMP_CMP_LE: left <= right,
    SCMP_CMP_EQ: left === right,
    SCMP_CMP_GE: left >= right,
    SCMP_CMP_GT: left > right,
    SCMP_CMP_MASKED_EQ: (left & right) === BigInt(valueTwo),
  }[op];
}

const operators = fc.constantFrom(
  ...(['SCMP_CMP_NE', 'SCMP_CMP_LT', 'SCMP_CMP_LE', 'SCMP_CMP_EQ', 'SCMP_CMP_GE', 'SCMP_CMP_GT'] as const),
  'SCMP_CMP_MASKED_EQ' as const,
);
/** Close to each other and to the border between the halves, so that comparisons are near misses. */
const value = fc.constantFrom(0, 1, 2, 0xffffffff, 0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0000);
const conditions = fc.uniqueArray(fc.record({ index: fc.nat(2), value, valueTwo: value, op: operators }), {
  selector: ({ index }) => index,
  maxLength: 3,
});
const args = fc.array(value.map(BigInt), { minLength: 6, maxLength: 6 });

test('random profiles mean in the program what they say', () => {
  const names = ['read', 'write', 'close', 'futex', 'openat', 'clone'];
  const rule = fc.record({
    names: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
    action: fc.constantFrom(
      'SCMP_ACT_ALLOW' as const,
      'SCMP_ACT_KILL_PROCESS' as const,
      'SCMP_ACT_TRAP' as const,
    ),
    args: conditions,
  });
  const verdicts = { SCMP_ACT_ALLOW: ALLOW, SCMP_ACT_KILL_PROCESS: KILL, SCMP_ACT_TRAP: 0x30000 };
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 8 }),
      fc.constantFrom(...names),
      args,
      (syscalls, name, values) => {
        const profile: SeccompProfile = { defaultAction: 'SCMP_ACT_ERRNO', syscalls };
        const own = syscalls.filter(({ names }) => names.includes(name));
        const first =
          own.find(({ args }) => args.length > 0 && args.every(arg => holds(arg, values))) ??
          own.find(({ args }) => args.length === 0);
        expect(answer(profile, name, { args: values })).toBe(first ? verdicts[first.action] : EPERM);
      },
    ),
    { numRuns: 500 },
  );
});

test('programs with targets farther away than a jump reaches', () => {
  const names = [...abisOf('x64')[0]!.syscalls.keys()];
  const syscalls = names.map((name, at) => ({
    names: [name],
    action: 'SCMP_ACT_ERRNO' as const,
    errnoRet: 1 + (at % 7),
    args: [0, 1, 2].map(index => ({ index, value: at, op: 'SCMP_CMP_GE' as const })),
  }));
  const profile: SeccompProfile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: syscalls.slice(0, 200) };
  names.slice(0, 200).forEach((name, at) => {
    const same = BigInt(at);
    expect(answer(profile, name, { args: [same, same, same, 0n, 0n, 0n] })).toBe(0x50000 + 1 + (at % 7));
    if (at > 0) expect(answer(profile, name, { args: [same, same - 1n, same, 0n, 0n, 0n] })).toBe(ALLOW);
  });
  expect(() => answer({ ...profile, syscalls: [...syscalls, ...syscalls] }, 'read')).toThrow('too long');
});

test('two conditions on the same argument are alternatives, as runc has it', () => {
  const profile = parseProfile(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        {
          names: ['close'],
          action: 'SCMP_ACT_ALLOW',
          args: [1, 5].map(value => ({ index: 0, value, op: 'SCMP_CMP_EQ' })),
        },
      ],
    }),
    'p.json',
  );
  const close = (fd: bigint) => answer(profile, 'close', { args: [fd, 0n, 0n, 0n, 0n, 0n] });
  expect([close(1n), close(5n), close(2n)]).toEqual([ALLOW, ALLOW, EPERM]);
});

test.each([
  ['{', 'it is no JSON'],
  ['[]', 'profile: an object is needed'],
  ['{"defaultAction":"SCMP_ACT_ALOW"}', 'defaultAction: unknown: SCMP_ACT_ALOW'],
  ['{"defaultAction":"SCMP_ACT_NOTIFY"}', 'not supported'],
  ['{"defaultAction":"SCMP_ACT_ALLOW","flags":["X"]}', 'flags: X is not supported'],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[],"action":"SCMP_ACT_ALLOW"}]}',
    'a name is needed',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}]}',
    'args[0].index: 0 to 5 is needed',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]}]}',
    'a whole number of 64 bits is needed',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":0,"op":"EQ"}]}]}',
    'args[0].op: unknown: EQ',
  ],
])('refuses %s', (text, reason) => {
  expect(() => parseProfile(text, 'p.json')).toThrow(reason);
});
