import { SYSCALLS } from './syscalls';

/** Node's names of the architectures that filters are made for. */
export type Machine = 'x64' | 'arm64';

/** One set of system calls that a kernel offers. */
export interface Abi {
  /** libseccomp's name. */
  scmp: string;
  /** AUDIT_ARCH_ value of linux/audit.h, which a filter sees. */
  audit: number;
  /** Added to each number: __X32_SYSCALL_BIT. */
  base: number;
  /** The first number that is its own; those before are the native ABI's. */
  first: number;
  syscalls: ReadonlyMap<string, number>;
}

const AUDIT_X86_64 = 0xc000003e;
const AUDIT_I386 = 0x40000003;
const AUDIT_AARCH64 = 0xc00000b7;

/** Of Linux on x86: x32's calls are told from those of x86-64 by this bit alone. */
export const X32_BIT = 0x40000000;

/** Where the kernel's table has calls of x32 alone: arch/x86/entry/syscalls/syscall_64.tbl. */
export const X32_FIRST = 512;

/** The architectures of a profile's `arches`, by machine: the native one and those that its kernel can run, too. */
export const GO_ARCHES: Record<Machine, readonly string[]> = { x64: ['amd64'], arm64: ['arm64'] };

/** The native ABI comes first. Numbers of 32-bit ARM are not known here: its programs do not run under a filter. */
export function abisOf(machine: Machine): Abi[] {
  if (machine === 'arm64') return [abi('SCMP_ARCH_AARCH64', AUDIT_AARCH64, SYSCALLS.aarch64)];
  return [
    abi('SCMP_ARCH_X86_64', AUDIT_X86_64, SYSCALLS.x86_64),
    abi('SCMP_ARCH_X32', AUDIT_X86_64, SYSCALLS.x32, { base: X32_BIT, first: X32_FIRST }),
    abi('SCMP_ARCH_X86', AUDIT_I386, SYSCALLS.x86),
  ];
}

function abi(scmp: string, audit: number, table: string, { base = 0, first = 0 } = {}): Abi {
  return { scmp, audit, base, first, syscalls: parseTable(table) };
}

/** A number, and the names from that number on. */
function parseTable(table: string): Map<string, number> {
  const numbers = new Map<string, number>();
  let next = 0;
  for (const word of table.trim().split(/\s+/)) {
    if (/^\d/.test(word)) next = Number(word);
    else numbers.set(word, next++);
  }
  return numbers;
}
