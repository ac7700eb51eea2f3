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
  Args = 20,
  Env = 21,
  Cwd = 22,
  User = 23,
  Rlimit = 24,
  Capabilities = 25,
  NoNewPrivs = 26,
  OomScore = 27,
  Init = 28,
}

/** One value of a record's payload. */
export type Value =
  { u32: number } | { u64: bigint } | { text: string | Buffer } | { texts: readonly (string | Buffer)[] };

/** Collects records; {@link bytes} is the plan. */
export class PlanWriter {
  private readonly parts: Buffer[] = [u32(PLAN_VERSION)];

  /** Append one operation with its values in the order of csrc/core/plan.h. */
  add(operation: Operation, ...values: Value[]): this {
    const payload = Buffer.concat(values.map(encode));
    this.parts.push(u32(operation), u32(payload.length), payload);
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

function encode(value: Value): Buffer {
  if ('u32' in value) return u32(value.u32);
  if ('u64' in value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value.u64);
    return bytes;
  }
  if ('text' in value) return text(value.text);
  return Buffer.concat([u32(value.texts.length), ...value.texts.map(text)]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

const NUL = Buffer.alloc(1);

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u32(bytes.length + 1), bytes, NUL]);
}
