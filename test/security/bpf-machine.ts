/** Carries out seccomp programs as the kernel does, by its documents (networking/filter.rst), for one system call. */
export interface Call {
  number: number;
  /** AUDIT_ARCH_ */
  arch: number;
  args: bigint[];
}

/** @returns the SECCOMP_RET_ value; throws where the program does what the kernel would refuse */
export function carryOut(program: Buffer, { number, arch, args }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(arch >>> 0, 4);
  args.forEach((value, index) => data.writeBigUInt64LE(value, 16 + 8 * index));
  let accumulator = 0;
  for (let at = 0; ;) {
    if (at * 8 + 8 > program.length) throw new Error(`jumped out of the program, to ${at}`);
    const code = program.readUInt16LE(at * 8);
    const [ifTrue, ifFalse] = [program[at * 8 + 2]!, program[at * 8 + 3]!];
    const operand = program.readUInt32LE(at * 8 + 4);
    const jump = (condition: boolean) => at + 1 + (condition ? ifTrue : ifFalse);
    switch (code) {
      case 0x20:
        accumulator = data.readUInt32LE(operand);
        at += 1;
        break;
      case 0x54:
        accumulator = (accumulator & operand) >>> 0;
        at += 1;
        break;
      case 0x05:
        at += 1 + operand;
        break;
      case 0x15:
        at = jump(accumulator === operand);
        break;
      case 0x25:
        at = jump(accumulator > operand);
        break;
      case 0x35:
        at = jump(accumulator >= operand);
        break;
      case 0x06:
        return operand;
      default:
        throw new Error(`unknown instruction 0x${code.toString(16)}`);
    }
  }
}
