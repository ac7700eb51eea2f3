import { invalidArgument } from '../../common/errors';

/** Classic BPF as seccomp(2) takes it: codes of linux/filter.h. */
const LOAD = 0x20; /* BPF_LD | BPF_W | BPF_ABS */
const AND = 0x54; /* BPF_ALU | BPF_AND | BPF_K */
const GO = 0x05; /* BPF_JMP | BPF_JA */
const RETURN = 0x06; /* BPF_RET | BPF_K */

/** Conditional jumps, BPF_JMP | ... | BPF_K; all compare without sign. */
const JUMPS = { equal: 0x15, above: 0x25, atLeast: 0x35 };
export type Comparison = keyof typeof JUMPS;

/** BPF_MAXINSNS, linux/bpf_common.h. */
const MAX_INSTRUCTIONS = 4096;
/** How far a conditional jump reaches; one less than the format has, for a `GO` that may come in between. */
const REACH = 254;
/** struct sock_filter */
const INSTRUCTION_BYTES = 8;

/** A place in a program: how many instructions come from there to the end. */
export type Label = number;

interface Instruction {
  code: number;
  ifTrue: number;
  ifFalse: number;
  operand: number;
}

/** A program that is written from its end to its beginning: jumps lead forward only, so each one's target is there. */
export class BpfProgram {
  private readonly reversed: Instruction[] = [];
  private readonly returns = new Map<number, Label>();

  /** A return of this value: one that is there and near, or a new one. */
  return(value: number): Label {
    const known = this.returns.get(value);
    if (known !== undefined && this.distance(known) < REACH) return known;
    const label = this.add(RETURN, value);
    this.returns.set(value, label);
    return label;
  }

  /** Load the 32 bits at an offset of struct seccomp_data; what comes after it is `next`. */
  load(offset: number, next: Label): Label {
    this.followedBy(next);
    return this.add(LOAD, offset);
  }

  and(mask: number, next: Label): Label {
    this.followedBy(next);
    return this.add(AND, mask);
  }

  jump(comparison: Comparison, operand: number, ifTrue: Label, ifFalse: Label): Label {
    if (ifTrue === ifFalse) return ifTrue;
    const targets = [this.reachable(ifTrue), this.reachable(ifFalse)] as const;
    return this.add(JUMPS[comparison], operand, this.distance(targets[0]), this.distance(targets[1]));
  }

  /**
   * The program from its beginning to its end, as an array of struct sock_filter.
   *
   * @throws SkiffError INVALID_ARGUMENT where it is longer than the kernel takes
   */
  bytes(): Buffer {
    const count = this.reversed.length;
    if (count > MAX_INSTRUCTIONS) {
      throw invalidArgument(`the seccomp profile is too long: ${count} instructions of ${MAX_INSTRUCTIONS}`);
    }
    const bytes = Buffer.alloc(count * INSTRUCTION_BYTES);
    this.reversed.forEach(({ code, ifTrue, ifFalse, operand }, index) => {
      const at = (count - 1 - index) * INSTRUCTION_BYTES;
      bytes.writeUInt16LE(code, at);
      bytes.writeUInt8(ifTrue, at + 2);
      bytes.writeUInt8(ifFalse, at + 3);
      bytes.writeUInt32LE(operand >>> 0, at + 4);
    });
    return bytes;
  }

  private add(code: number, operand: number, ifTrue = 0, ifFalse = 0): Label {
    this.reversed.push({ code, ifTrue, ifFalse, operand });
    return this.reversed.length;
  }

  /** Instructions between the one that is written next and the target. */
  private distance(target: Label): number {
    return this.reversed.length - target;
  }

  private followedBy(next: Label): void {
    if (this.distance(next) > 0) this.add(GO, this.distance(next));
  }

  private reachable(target: Label): Label {
    return this.distance(target) <= REACH ? target : this.add(GO, this.distance(target));
  }
}
