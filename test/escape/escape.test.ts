/**
 * Attacks from inside: each program tries one thing. First it succeeds in a control run, where that one protection is
 * switched off or outside of any container; then it fails in a container. SECURITY.md has the same table.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { describeWithLimits, isUser } from '../helpers/user-mode';
import { useSkiff } from '../run/support';
import { ATTACKS, SANDBOX_ATTACKS, whyImpossible, type Attack } from './attacks';
import { useStage } from './stage';

const skiff = useSkiff();
const stage = useStage(skiff);
/** Exit code that the small init makes of it. */
const BY_FILTER = 128 + os.constants.signals.SIGSYS;
/** What it said; or the signal of a filter that ended it. */
async function inside({ program, args, inVolume }: Attack, options: Attack['options'] = {}): Promise<string> {
  // A set-user-id bit is tried in the root of the container itself, too.
  const inRoot = program === 'set-user-id' && !inVolume;
  const volumes = inRoot ? [] : [`${stage().built}:/attacks:ro`];
  const image = inRoot ? { rootfs: stage().directory.path } : {};
  const { stdout, stderr, exitCode } = await skiff().run(
    [`/attacks/${program}`, ...(args?.(stage().targets) ?? [])],
    {
      volumes,
      ...image,
      ...options,
    },
  );
  return exitCode === BY_FILTER ? 'ended by SIGSYS\n' : stdout + stderr;
}

async function control(attack: Attack): Promise<string> {
  return attack.control === 'outside'
    ? stage().outside(attack.program, (attack.controlArgs ?? attack.args)?.(stage().targets) ?? [])
    : inside(attack, attack.control);
}

describe('a container of the defaults', () => {
  for (const attack of ATTACKS) {
    const reason = whyImpossible(attack);
    itIf(reason === undefined, reason ?? '')(attack.name, async () => {
      // Much of it the kernel forbids to a user even without the protection.
      if (!isUser) expect(await control(attack)).toBe('succeeded\n');
      expect(await inside(attack, attack.options)).toMatch(/^(?!succeeded).+\n$/);
    });
  }
});

describeWithLimits('the sandbox', () => {
  for (const attack of SANDBOX_ATTACKS) {
    test(attack.name, async () => {
      expect(await control(attack)).toBe('succeeded\n');
      expect(await inside(attack, { profile: 'sandbox' })).toMatch(/^(?!succeeded).+\n$/);
    });
  }

  // The controls are those above.
  for (const attack of ATTACKS.filter(({ control }) => control !== 'outside')) {
    const reason = whyImpossible(attack);
    itIf(reason === undefined, reason ?? '')(attack.name, async () => {
      const { tmpfs, readOnly } = attack.options ?? {};
      const result = await inside(attack, {
        ...(tmpfs && { tmpfs }),
        ...(readOnly && { readOnly }),
        profile: 'sandbox',
      });
      expect(result).toMatch(/^(?!succeeded).+\n$/);
    });
  }
});

test('what looks like /proc and is none is not written to', async () => {
  const fake = path.join(stage().directory.path, 'proc', 'self');
  fs.mkdirSync(fake, { recursive: true });
  const file = path.join(fake, 'oom_score_adj');
  fs.writeFileSync(file, 'as it was');
  const start = (volumes: string[]) => skiff().run(['true'], { volumes, oomScoreAdj: 100 });
  await expect(start([`${path.dirname(fake)}:/proc`])).rejects.toThrow('cannot start the container');
  expect(fs.readFileSync(file, 'utf8')).toBe('as it was');
  expect((await start([])).exitCode).toBe(0);
});

test.each(['/proc/self/fd/7', '/proc/self/fd/8/', '/proc/1/root/../..'])(
  'a working directory %s does not lead outside',
  async cwd => {
    const host = fs.statSync('/');
    const command = ['stat', '-c', '%d:%i', '.'];
    const outcome = await skiff()
      .run(command, { cwd })
      .then(
        ({ stdout }) => stdout.trim(),
        (error: Error) => error.message,
      );
    expect(outcome).not.toBe(`${host.dev}:${host.ino}`);
  },
);
