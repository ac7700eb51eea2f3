/** Carries out programs of BPF_PROG_TYPE_CGROUP_DEVICE as the kernel does, by its documents (bpf/standardization). */
export interface Access {
  type: 'b' | 'c';
  major: number;
  minor: number;
  /** Of `r`, `w` and `m`; none is what a look at the node asks for. */
  access: string;
}

const TYPES = { b: 1, c: 2 };
const ACCESSES: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/** @returns whether the access is allowed; throws where the program does what the kernel's verifier would refuse */
export function allows(program: Buffer, { type, major, minor, access }: Access): boolean {
  const bits = [...access].reduce((sum, letter) => sum | ACCESSES[letter]!, 0);
  const context = [(bits << 16) | TYPES[type], major, minor];
  const CONTEXT = 'context';
  const registers: (number | typeof CONTEXT | undefined)[] = [undefined, CONTEXT];
  const read = (register: number): number => {
    const value = registers[register];
    if (typeof value !== 'number') throw new Error(`register ${register} holds no number`);
    return value;
  };
  for (let at = 0, steps = 0; ; at += 1, steps += 1) {
    if (at < 0 || at * 8 + 8 > program.length || steps > program.length) throw new Error(`ran out, at ${at}`);
    const code = program.readUInt8(at * 8);
    const [register, source] = [program[at * 8 + 1]! & 15, program[at * 8 + 1]! >> 4];
    const [offset, value] = [program.readInt16LE(at * 8 + 2), program.readInt32LE(at * 8 + 4)];
    switch (code) {
      case 0x61:
        if (registers[source] !== CONTEXT || ![0, 4, 8].includes(offset))
          throw new Error('loads from elsewhere');
        registers[register] = context[offset / 4];
        break;
      case 0xb4:
        registers[register] = value;
        break;
      case 0xbc:
        registers[register] = read(source);
        break;
      case 0x54:
        registers[register] = read(register) & value;
        break;
      case 0x74:
        registers[register] = read(register) >>> value;
        break;
      case 0x05:
        at += offset;
        break;
      case 0x45:
        if (read(register) & value) at += offset;
        break;
      case 0x55:
        if (read(register) !== value) at += offset;
        break;
      case 0x95:
        return read(0) !== 0;
      default:
        throw new Error(`unknown instruction 0x${code.toString(16)}`);
    }
  }
}

/** Instructions that no path through a program reaches: the kernel refuses a program that has one. */
export function unreached(program: Buffer): number[] {
  const count = program.length / 8;
  const seen = new Set<number>();
  const visit = (at: number): void => {
    if (seen.has(at)) return;
    if (at >= count) throw new Error(`jumps out, to ${at}`);
    seen.add(at);
    const code = program.readUInt8(at * 8);
    const offset = program.readInt16LE(at * 8 + 2);
    if (code === 0x95) return;
    if (code !== 0x05) visit(at + 1);
    if ([0x05, 0x45, 0x55].includes(code)) visit(at + 1 + offset);
  };
  visit(0);
  return Array.from({ length: count }, (_, at) => at).filter(at => !seen.has(at));
}
