/**
 * The plan as bytes: its table is that of the C side, and whatever text goes in stands in it exactly. What the C side
 * makes of damaged plans is tested by csrc/test.
 */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { bindsPlan } from '../../lib/spec/binds';
import { capabilityMask } from '../../lib/spec/capability-mask';
import { defaultSpec } from '../../lib/spec/defaults';
import type { Spec } from '../../lib/spec/types';
import { toMountFlags } from '../../lib/spec/mount-options';
import { cloneFlags, processPlan, setupPlan } from '../../lib/spec/plan';
import { Operation, PLAN_VERSION, PlanWriter } from '../../lib/spec/plan-encoding';

interface PlanRecord {
  operation: number;
  payload: Buffer;
}

/** The records of a plan, read by the rules of csrc/core/plan.h. */
function recordsOf(plan: Buffer): PlanRecord[] {
  expect(plan.readUInt32LE(0)).toBe(PLAN_VERSION);
  const records: PlanRecord[] = [];
  let at = 4;
  while (at < plan.length) {
    const length = plan.readUInt32LE(at + 4);
    records.push({ operation: plan.readUInt32LE(at), payload: plan.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  expect(at).toBe(plan.length);
  return records;
}

/** A counted list of texts. */
function textsOf(payload: Buffer): Buffer[] {
  const texts: Buffer[] = [];
  let at = 4;
  for (let left = payload.readUInt32LE(0); left > 0; left -= 1) {
    const length = payload.readUInt32LE(at);
    expect(payload[at + 3 + length]).toBe(0);
    texts.push(payload.subarray(at + 4, at + 3 + length));
    at += 4 + length;
  }
  expect(at).toBe(payload.length);
  return texts;
}

function payloadOf(plan: Buffer, operation: Operation): Buffer {
  const found = recordsOf(plan).filter(record => record.operation === operation);
  expect(found).toHaveLength(1);
  return found[0]!.payload;
}

const bytes = fc.uint8Array({ max: 255, maxLength: 300 }).map(array => Buffer.from(array.map(b => b || 1)));

describe('the plan', () => {
  it('has the operations of csrc/core/plan.h under the same numbers', () => {
    const header = fs.readFileSync(path.join(__dirname, '..', '..', 'csrc', 'core', 'plan.h'), 'utf8');
    const inC = [...header.matchAll(/SKIFF_OP_(\w+) = (\d+),/g)].map(([, name = '', number]) => [
      name.replaceAll('_', '').toLowerCase(),
      Number(number),
    ]);
    const inTs = Object.entries(Operation)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => [name.toLowerCase(), value]);
    expect(Object.fromEntries(inC)).toEqual(Object.fromEntries(inTs));
    expect(header).toContain(`SKIFF_PLAN_VERSION ${PLAN_VERSION}u`);
  });

  it('carries arguments and environment exactly, whatever bytes they are of', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 20 }), fc.array(bytes), (args, env) => {
        const plan = processPlan({ ...defaultSpec('/r').process, args, env });
        expect(textsOf(payloadOf(plan, Operation.Args))).toEqual(args);
        expect(textsOf(payloadOf(plan, Operation.Env))).toEqual(env);
      }),
    );
  });

  it('keeps records apart whatever stands in them', () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter(text => !text.includes('\0'))), texts => {
        const writer = new PlanWriter();
        for (const text of texts) writer.add(Operation.Mask, { text });
        const read = recordsOf(writer.bytes()).map(({ payload }) => payload.subarray(4, -1).toString());
        expect(read).toEqual(texts.map(text => Buffer.from(text).toString()));
      }),
    );
  });

  it('enters the root first, and closes it last', () => {
    const spec = defaultSpec('/some/root');
    spec.root.readonly = true;
    const operations = recordsOf(setupPlan(spec)).map(({ operation }) => operation);
    expect(operations[0]).toBe(Operation.Root);
    expect(operations.at(-1)).toBe(Operation.RootReadonly);
    expect(operations.filter(operation => operation === Operation.Mount)).toHaveLength(spec.mounts.length);
  });

  it('names sources and places of bind mounts in one order, after the devices', () => {
    const spec = defaultSpec('/');
    spec.mounts.push(
      { destination: '/a', type: 'bind', source: '/one', options: ['rbind', 'rro'] },
      { destination: '/t', type: 'tmpfs' },
      { destination: '/b', type: 'none', source: '/two', options: ['bind', 'rslave'], subpath: 'in' },
    );
    const { sources, plan } = bindsPlan(spec)!;
    expect(sources).toEqual(['/one', '/two']);
    expect(recordsOf(plan).map(({ payload }) => payload.toString('latin1'))).toEqual([
      '\x05\0\0\0/one\0\x01\0\0\0\0\x08\0\0\0\x01\0\0\0\0',
      '\x05\0\0\0/two\0\x03\0\0\0in\0\x21\0\0\0\x01\0\0\0\0',
    ]);
    const operations = recordsOf(setupPlan(spec)).map(({ operation }) => operation);
    const first = operations.indexOf(Operation.Bind);
    expect(operations.slice(first, first + 3)).toEqual([
      Operation.Bind,
      Operation.MountInside,
      Operation.Bind,
    ]);
    expect(operations.lastIndexOf(Operation.Device)).toBeLessThan(first);
    expect(bindsPlan(defaultSpec('/'))).toBeUndefined();
  });

  it('has many plain binds made early, with their targets, where nothing else is in their way', () => {
    const EARLY = 256;
    const flagsOf = (change: (spec: Spec) => void, count = 64) => {
      const spec = defaultSpec('/');
      const options = ['rbind'];
      spec.linux.resources = { devices: [{ allow: false, access: 'rwm' }] };
      for (let index = 0; index < count; index += 1)
        spec.mounts.push({ destination: `/m/${index}`, type: 'bind', source: '/s', options });
      change(spec);
      const { plan } = bindsPlan(spec)!;
      const records = recordsOf(plan).map(({ payload }) => payload);
      // Behind the source and an empty path in it.
      return [...new Set(records.map(payload => payload.readUInt32LE(12) & EARLY))];
    };
    expect(flagsOf(() => undefined)).toEqual([EARLY]);
    expect(flagsOf(() => undefined, 63)).toEqual([0]);
    expect(flagsOf(spec => (spec.mounts.at(-1)!.options = ['rbind', 'rro']))).toEqual([0]);
    expect(flagsOf(spec => (spec.mounts.at(-1)!.options = ['bind']))).toEqual([0]);
    expect(flagsOf(spec => (spec.mounts.at(-1)!.destination = '/dev/x'))).toEqual([0]);
    expect(flagsOf(spec => spec.mounts.push({ destination: '/m/3/t', type: 'tmpfs' }))).toEqual([0]);
    expect(flagsOf(spec => spec.mounts.push({ destination: '/m', type: 'tmpfs' }))).toEqual([0]);
    expect(flagsOf(spec => spec.mounts.push({ destination: '/mm', type: 'tmpfs' }))).toEqual([EARLY]);
    expect(flagsOf(spec => (spec.userNamespace = 'own'))).toEqual([0]);
    // The copy that they are made of has no devices.
    expect(flagsOf(spec => (spec.linux.resources = {}))).toEqual([0]);
  });

  it('has the flags of clone(2) for the five namespaces, and four for the host network', () => {
    const spec = defaultSpec('/');
    expect(cloneFlags(spec).toString(16)).toBe('6c020000');
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== 'network');
    expect(cloneFlags(spec).toString(16)).toBe('2c020000');
  });
});

describe('what a plan is made of', () => {
  it("is Docker's capability mask", () => {
    expect(capabilityMask(defaultSpec('/').process.capabilities!.bounding).toString(16)).toBe('a80425fb');
    expect(() => capabilityMask(['CAP_NOTHING'])).toThrow('unknown capability: CAP_NOTHING');
  });

  it('sorts mount options into flags and data; the later one counts', () => {
    expect(toMountFlags(['nosuid', 'noexec', 'ro', 'mode=755', 'rw', 'size=64k'])).toEqual({
      flags: 2n | 8n,
      data: 'mode=755,size=64k',
    });
  });

  it('gives no limit as the largest number', () => {
    const spec = defaultSpec('/');
    const rlimits = [{ type: 'RLIMIT_CORE', soft: 0, hard: 2 ** 64 }];
    const payload = payloadOf(processPlan({ ...spec.process, args: ['x'], rlimits }), Operation.Rlimit);
    expect(payload.readUInt32LE(0)).toBe(4);
    expect(payload.readBigUInt64LE(4)).toBe(0n);
    expect(payload.readBigUInt64LE(12)).toBe(0xffff_ffff_ffff_ffffn);
  });
});
