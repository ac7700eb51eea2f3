import type { BpfProgram, Comparison, Label } from './bpf';
import type { SeccompArgument } from './profile';

export type Check = SeccompArgument;

/** Offset of the arguments in struct seccomp_data, each of 64 bits; x86 and arm64 have the lower half first. */
const ARGUMENTS = 16;

/** One half of the comparison of two numbers of 64 bits. */
interface Half {
  offset: number;
  value: number;
  mask?: number;
}

/** Go to `matched` where a condition holds, else to `failed`. */
export function argumentMatches(program: BpfProgram, check: Check, matched: Label, failed: Label): Label {
  switch (check.op) {
    case 'SCMP_CMP_EQ':
      return equals(program, halves(check), matched, failed);
    case 'SCMP_CMP_NE':
      return equals(program, halves(check), failed, matched);
    case 'SCMP_CMP_MASKED_EQ':
      return equals(program, maskedHalves(check), matched, failed);
    case 'SCMP_CMP_GT':
      return compares(program, 'above', check, matched, failed);
    case 'SCMP_CMP_LE':
      return compares(program, 'above', check, failed, matched);
    case 'SCMP_CMP_GE':
      return compares(program, 'atLeast', check, matched, failed);
    case 'SCMP_CMP_LT':
      return compares(program, 'atLeast', check, failed, matched);
  }
}

function equals(program: BpfProgram, [high, low]: [Half, Half], matched: Label, failed: Label): Label {
  return halfEquals(program, high, halfEquals(program, low, matched, failed), failed);
}

function halfEquals(
  program: BpfProgram,
  { offset, value, mask }: Half,
  matched: Label,
  failed: Label,
): Label {
  if (mask === 0) return value === 0 ? matched : failed;
  const jump = program.jump('equal', value, matched, failed);
  return program.load(offset, mask === undefined ? jump : program.and(mask, jump));
}

/** The higher halves decide, unless they are the same. */
function compares(program: BpfProgram, low: Comparison, check: Check, matched: Label, failed: Label): Label {
  const [high, rest] = halves(check);
  const byLow = program.load(rest.offset, program.jump(low, rest.value, matched, failed));
  const unlessAbove = program.jump('equal', high.value, byLow, failed);
  return program.load(high.offset, program.jump('above', high.value, matched, unlessAbove));
}

function halves({ index, value }: Check): [high: Half, low: Half] {
  const [high, low] = split(value);
  return [
    { offset: offsetOf(index) + 4, value: high },
    { offset: offsetOf(index), value: low },
  ];
}

function maskedHalves({ index, value: mask, valueTwo = 0 }: Check): [high: Half, low: Half] {
  const [highMask, lowMask] = split(mask);
  const [high, low] = split(valueTwo);
  return [
    { offset: offsetOf(index) + 4, value: high, mask: highMask },
    { offset: offsetOf(index), value: low, mask: lowMask },
  ];
}

function offsetOf(index: number): number {
  return ARGUMENTS + 8 * index;
}

/** What JSON has rounded up to 2^64 is the largest number of 64 bits. */
function split(value: number): [high: number, low: number] {
  const whole = value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value);
  return [Number(whole >> 32n), Number(whole & 0xffff_ffffn)];
}
