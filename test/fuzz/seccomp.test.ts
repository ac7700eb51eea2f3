/** Seccomp profiles that are broken in any way are refused, or compiled to a program. */
import fc from 'fast-check';
import defaultProfile from '../../lib/spec/seccomp/default.json';
import { compileFilter, parseProfile } from '../../lib/spec/seccomp/compile';
import { damagedBytes, damagedJson, runs, tolerant } from './support';

const target = { machine: 'x64', capabilities: ['CAP_SYS_ADMIN'], kernel: '6.1.0' } as const;
const compile = (text: string) => tolerant(() => compileFilter(parseProfile(text, 'profile'), target));

/** The parts of a rule that real profiles have, all in one. */
const SMALL = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }],
  flags: ['SECCOMP_FILTER_FLAG_LOG'],
  syscalls: [
    {
      names: ['read', 'personality'],
      action: 'SCMP_ACT_ALLOW',
      errnoRet: 38,
      args: [{ index: 0, value: 8, valueTwo: 1, op: 'SCMP_CMP_MASKED_EQ' }],
      includes: { caps: ['CAP_SYS_ADMIN'], arches: ['amd64'], minKernel: '4.8' },
      excludes: { caps: ['CAP_BPF'], arches: ['s390'], minKernel: '9.0' },
    },
  ],
};

test('as it is, it compiles', async () => {
  for (const profile of [SMALL, defaultProfile]) expect(await compile(JSON.stringify(profile))).toBeDefined();
});

test('damaged values', async () => {
  await fc.assert(
    fc.asyncProperty(damagedJson(SMALL), async profile => {
      await compile(JSON.stringify(profile) ?? '');
    }),
    runs(3000),
  );
});

test('damaged text', async () => {
  await fc.assert(
    fc.asyncProperty(damagedBytes(Buffer.from(JSON.stringify(SMALL))), async bytes => {
      await compile(bytes.toString('utf8'));
    }),
    runs(1000),
  );
});
