import fc from 'fast-check';
import { deviceProgram } from '../../lib/cgroup/device-program';
import type { DeviceRule } from '../../lib/common/resources';
import { toDevices } from '../../lib/spec/devices';
import { allows, unreached, type Access } from './device-machine';

const NONE: DeviceRule = { allow: false, access: 'rwm' };
const ALL: DeviceRule = { allow: true, access: 'rwm' };
const kvm: DeviceRule = { allow: true, type: 'c', major: 10, minor: 232, access: 'r' };

const device = (text: string): Access => {
  const [, type, major, minor, access] = /^([bc]) (\d+):(\d+) ?([rwm]*)$/.exec(text)!;
  return { type: type as 'b' | 'c', major: Number(major), minor: Number(minor), access: access! };
};

const allowed = (rules: DeviceRule[], text: string) => allows(deviceProgram(rules), device(text));

describe('the defaults of a container', () => {
  const rules = toDevices([
    { path: '/dev/kvm', type: 'c', major: 10, minor: 232, access: 'r' },
    { path: '/dev/loop0', type: 'b', major: 7, minor: 0, access: 'rwm' },
  ]);
  it.each([
    ['c 1:3 rw', true],
    ['c 1:3 rwm', true],
    ['c 5:2 rw', true],
    ['c 136:17 rw', true],
    ['c 10:232 r', true],
    ['c 10:232 w', false],
    ['c 10:232 rw', false],
    ['b 7:0 rwm', true],
    ['b 7:1 r', false],
    ['b 8:0 r', false],
    ['b 1:3 r', false],
    ['c 1:1 r', false],
    ['c 10:200 rw', false],
    // Any node may be made, and be looked at.
    ['c 1:1 m', true],
    ['b 8:0 m', true],
    ['b 8:0', true],
    ['b 8:0 rm', false],
  ])('%s: %s', (text, answer) => {
    expect(allowed(rules, text)).toBe(answer);
  });
});

describe('rules', () => {
  it('later ones count more', () => {
    expect(allowed([NONE, ALL], 'b 8:0 rwm')).toBe(true);
    expect(allowed([ALL, NONE], 'c 1:3 r')).toBe(false);
    expect(allowed([NONE, kvm, { ...kvm, allow: false }], 'c 10:232 r')).toBe(false);
  });

  it('each kind of access is decided for itself', () => {
    const rules: DeviceRule[] = [NONE, kvm, { ...kvm, access: 'w' }];
    expect(allowed(rules, 'c 10:232 rw')).toBe(true);
    expect(allowed(rules, 'c 10:232 rwm')).toBe(false);
    const denied: DeviceRule[] = [ALL, { ...kvm, allow: false, access: 'w' }];
    expect(allowed(denied, 'c 10:232 r')).toBe(true);
    expect(allowed(denied, 'c 10:232 rw')).toBe(false);
  });

  it('what none names is denied', () => {
    expect(allowed([], 'c 1:3 r')).toBe(false);
    expect(allowed([kvm], 'c 1:3 r')).toBe(false);
  });

  it('any rules: as told by a walk through them, in a program that the kernel can take', () => {
    const number = fc.constantFrom(undefined, -1, 0, 1, 10, 4095);
    const access = fc.constantFrom('r', 'w', 'm', 'rw', 'rm', 'rwm', undefined);
    const rule: fc.Arbitrary<DeviceRule> = fc.record({
      allow: fc.boolean(),
      type: fc.constantFrom('a', 'b', 'c', 'c', 'b', undefined),
      major: number,
      minor: number,
      access,
    });
    const asked: fc.Arbitrary<Access> = fc.record({
      type: fc.constantFrom('b', 'c'),
      major: fc.constantFrom(0, 1, 10, 4095),
      minor: fc.constantFrom(0, 1, 10, 4095),
      access: fc.constantFrom('r', 'w', 'm', 'rw', 'wm', 'rwm'),
    });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 12 }), asked, (rules, access) => {
        const program = deviceProgram(rules);
        expect(unreached(program)).toEqual([]);
        expect(allows(program, access)).toBe(walk(rules, access));
      }),
      { numRuns: 2000 },
    );
  });
});

/** What the rules say, from the first to the last. */
function walk(rules: readonly DeviceRule[], { type, major, minor, access }: Access): boolean {
  const state: Record<string, boolean> = {};
  for (const rule of rules) {
    const isAll = (rule.type ?? 'a') === 'a';
    const names = (given: number | undefined, value: number) => (given ?? -1) < 0 || given === value;
    if (!isAll && !(rule.type === type && names(rule.major, major) && names(rule.minor, minor))) continue;
    for (const letter of isAll ? 'rwm' : (rule.access ?? 'rwm')) state[letter] = rule.allow;
  }
  return [...access].every(letter => state[letter] === true);
}
