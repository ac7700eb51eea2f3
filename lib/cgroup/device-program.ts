import type { DeviceRule } from '../common/resources';

/** Opcodes of extended BPF (Documentation/bpf/standardization/instruction-set.rst): class, then operation and source. */
const LOAD_WORD = 0x61; /* BPF_LDX | BPF_MEM | BPF_W */
const MOVE = 0xb4; /* BPF_ALU | BPF_MOV | BPF_K */
const MOVE_REGISTER = 0xbc; /* BPF_ALU | BPF_MOV | BPF_X */
const AND = 0x54; /* BPF_ALU | BPF_AND | BPF_K */
const SHIFT_RIGHT = 0x74; /* BPF_ALU | BPF_RSH | BPF_K */
const JUMP_UNLESS_EQUAL = 0x55; /* BPF_JMP | BPF_JNE | BPF_K */
const JUMP_ALWAYS = 0x05; /* BPF_JMP | BPF_JA */
const JUMP_IF_SET = 0x45; /* BPF_JMP | BPF_JSET | BPF_K */
const EXIT = 0x95; /* BPF_JMP | BPF_EXIT */

/** Registers: the result, the context, and what the program keeps of it. */
const RESULT = 0;
const CONTEXT = 1;
const PENDING = 2;
const TYPE = 3;
const MAJOR = 4;
const MINOR = 5;

/** Offsets in struct bpf_cgroup_dev_ctx, and values of its access_type, linux/bpf.h. */
const ACCESS_TYPE = 0;
const ACCESS_SHIFT = 16;
const TYPE_MASK = 0xffff;
const MAJOR_OFFSET = 4;
const MINOR_OFFSET = 8;
const TYPES = { b: 1, c: 2 } as const;
const ACCESSES: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const ALL_ACCESS = 7;

/** struct bpf_insn */
const INSTRUCTION_BYTES = 8;

interface Instruction {
  code: number;
  register: number;
  source?: number;
  offset?: number;
  value?: number;
}

/**
 * Compile device rules to a program of type BPF_PROG_TYPE_CGROUP_DEVICE: what cgroup v2 has in place of v1's devices
 * controller. For each kind of access to a device (read, write, mknod) the last rule that names it decides, and all kinds
 * that are asked for at once must be allowed. What no rule names is denied, as by runc.
 *
 * @returns struct bpf_insn, one after the other
 * @see linux/bpf.h, Documentation/admin-guide/cgroup-v2.rst "Device controller"
 */
export function deviceProgram(rules: readonly DeviceRule[]): Buffer {
  const program: Instruction[] = [
    { code: LOAD_WORD, register: PENDING, source: CONTEXT, offset: ACCESS_TYPE },
    { code: MOVE_REGISTER, register: TYPE, source: PENDING },
    { code: AND, register: TYPE, value: TYPE_MASK },
    { code: SHIFT_RIGHT, register: PENDING, value: ACCESS_SHIFT },
    { code: LOAD_WORD, register: MAJOR, source: CONTEXT, offset: MAJOR_OFFSET },
    { code: LOAD_WORD, register: MINOR, source: CONTEXT, offset: MINOR_OFFSET },
  ];
  for (const rule of [...rules].reverse()) {
    program.push(...ruleInstructions(rule));
    // Behind what decides about everything, nothing is ever reached, and the kernel takes no such instruction.
    if (isFinal(rule)) return encode(program);
  }
  return encode([...program, ...answer(false)]);
}

/** The result: whether the access is allowed. */
function answer(allow: boolean): Instruction[] {
  return [
    { code: MOVE, register: RESULT, value: allow ? 1 : 0 },
    { code: EXIT, register: 0 },
  ];
}

/** Of all devices, as the whole of a rule of type `a` is for v1, too. */
function isFinal({ type = 'a' }: DeviceRule): boolean {
  return type === 'a';
}

function ruleInstructions(rule: DeviceRule): Instruction[] {
  const { allow, type = 'a', major = -1, minor = -1 } = rule;
  if (type === 'a') return answer(allow);
  const decision = decisionOf(allow, accessBits(rule.access));
  const conditions: [register: number, value: number][] = [[TYPE, TYPES[type]]];
  if (major >= 0) conditions.push([MAJOR, major]);
  if (minor >= 0) conditions.push([MINOR, minor]);
  const matching = conditions.map(([register, value], index) => ({
    code: JUMP_UNLESS_EQUAL,
    register,
    value,
    offset: conditions.length - index - 1 + decision.length,
  }));
  return [...matching, ...decision];
}

/** What is done for a device that a rule names; what comes behind it is the rule before. */
function decisionOf(allow: boolean, access: number): Instruction[] {
  const end = answer(allow);
  if (allow) {
    return [
      { code: AND, register: PENDING, value: ALL_ACCESS & ~access },
      { code: JUMP_UNLESS_EQUAL, register: PENDING, value: 0, offset: end.length },
      ...end,
    ];
  }
  if (access === ALL_ACCESS) return end;
  return [
    { code: JUMP_IF_SET, register: PENDING, value: access, offset: 1 },
    { code: JUMP_ALWAYS, register: 0, offset: end.length },
    ...end,
  ];
}

function accessBits(access = 'rwm'): number {
  return [...access].reduce((bits, letter) => bits | (ACCESSES[letter] ?? 0), 0);
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(({ code, register, source = 0, offset = 0, value = 0 }, index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt8(code, at);
    bytes.writeUInt8(register | (source << 4), at + 1);
    bytes.writeInt16LE(offset, at + 2);
    bytes.writeInt32LE(value, at + 4);
  });
  return bytes;
}
