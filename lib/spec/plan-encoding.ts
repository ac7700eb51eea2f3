/**
 * The plan's format, the counterpart of csrc/core/plan.h: the same table, the same order. A version, then records;
 * each is an operation, the length of its payload, and the payload.
 */
export const PLAN_VERSION = 1;

export enum Operation {
  Root = 1,
  Mount = 2,
  Device = 3,
  Symlink = 4,
  Mask = 5,
  Readonly = 6,
  Hostname = 7,
  Sysctl = 8,
  Loopback = 9,
  RootReadonly = 10,
  Terminal = 11,
  Fault = 12,
  Directory = 13,
  Bind = 14,
  MountInside = 15,
  Restrict = 16,
  Expose = 17,
  Hold = 18,
  Args = 20,
  Env = 21,
  Cwd = 22,
  User = 23,
  Rlimit = 24,
  Capabilities = 25,
  NoNewPrivs = 26,
  OomScore = 27,
  Init = 28,
  Seccomp = 29,
  Keyring = 30,
  File = 31,
  GroupsStay = 32,
  Apparmor = 33,
  Selinux = 34,
  DeathSignal = 38,
  BindSource = 40,
  Container = 50,
  Record = 51,
  Workspace = 52,
  Cgroup = 53,
  Start = 54,
  Streams = 55,
  Log = 56,
  Restart = 57,
  Limits = 58,
  Removal = 59,
  CopyUps = 60,
  Ids = 61,
}

/** One value of a record's payload. */
export type Value =
  | { u32: number }
  | { bytes: Buffer }
  | { u64: bigint }
  | { text: string | Buffer }
  | { texts: readonly (string | Buffer)[] };

/** Characters of a text that is written one by one. */
const SHORT = 128;

/** Bytes of a new plan; it grows by doubling. */
const ROOM = 4096;

/** Collects records; {@link bytes} is the plan. One buffer for all of them: a plan may have thousands. */
export class PlanWriter {
  private buffer = Buffer.allocUnsafe(ROOM);
  private length = 0;

  constructor() {
    this.u32(PLAN_VERSION);
  }

  /** Append one operation with its values in the order of csrc/core/plan.h. */
  add(operation: Operation, ...values: Value[]): this {
    this.u32(operation);
    const start = this.length;
    this.u32(0);
    for (const value of values) this.value(value);
    this.buffer.writeUInt32LE(this.length - start - 4, start);
    return this;
  }

  /** The records alone, to come after those of another plan. */
  records(): Buffer {
    return Buffer.from(this.buffer.subarray(4, this.length));
  }

  bytes(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  private value(value: Value): void {
    if ('u32' in value) this.u32(value.u32);
    else if ('u64' in value) this.length = this.room(8).writeBigUInt64LE(value.u64, this.length);
    else if ('text' in value) this.text(value.text);
    else if ('bytes' in value) this.raw(value.bytes);
    else {
      this.u32(value.texts.length);
      for (const text of value.texts) this.text(text);
    }
  }

  private u32(value: number): void {
    this.length = this.room(4).writeUInt32LE(value >>> 0, this.length);
  }

  private raw(bytes: Buffer): void {
    this.u32(bytes.length);
    this.length += bytes.copy(this.room(bytes.length), this.length);
  }

  private text(value: string | Buffer): void {
    // Most are short ASCII: a call into C++ for each of some thousand texts is what a plan would mostly cost.
    const isShort = typeof value === 'string' && value.length <= SHORT && this.ascii(value);
    if (isShort) return;
    const bytes = Buffer.from(value);
    this.u32(bytes.length + 1);
    const buffer = this.room(bytes.length + 1);
    bytes.copy(buffer, this.length);
    this.length += bytes.length;
    buffer[this.length] = 0;
    this.length += 1;
  }

  /** @returns false where it is not, and nothing was written */
  private ascii(value: string): boolean {
    const buffer = this.room(4 + value.length + 1);
    const start = this.length + 4;
    for (let at = 0; at < value.length; at += 1) {
      const code = value.charCodeAt(at);
      if (code > 127) return false;
      buffer[start + at] = code;
    }
    buffer[start + value.length] = 0;
    this.u32(value.length + 1);
    this.length = start + value.length + 1;
    return true;
  }

  /** The buffer, with so many bytes left in it. */
  private room(bytes: number): Buffer {
    const needed = this.length + bytes;
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    return this.buffer;
  }
}
