/** SECURITY.md's table of attacks. With SKIFF_ESCAPE_TABLE=1 its measured columns are made anew, and written. */
import fs from 'node:fs';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { User, whyNot } from '../rootless/user';
import { useSkiff } from '../run/support';
import { ATTACKS, SANDBOX_ATTACKS, whyImpossible, type Attack } from './attacks';
import { useStage } from './stage';
import { rowsOf, withMeasured, type Measured } from './table';
import { PodmanWay, RootlessWay, type Way } from './ways';

const file = path.join(projectRoot, 'SECURITY.md');
const wanted = process.env.SKIFF_ESCAPE_TABLE === '1';
const missing = whyNot() ?? PodmanWay.whyNot();

/** What the columns may say: `succeeds` for podman alone, and a dash where there was nothing to be tried on. */
const SKIFF = /^(blocked|–)$/;
const PODMAN = /^(blocked|succeeds|–)$/;

test('the table tells of each attack, and of none that succeeds', () => {
  const rows = rowsOf(fs.readFileSync(file, 'utf8'));
  for (const { name } of [...ATTACKS, ...SANDBOX_ATTACKS]) {
    expect({ name, row: rows.get(name) }).toEqual({
      name,
      row: [
        name,
        expect.stringMatching(/./),
        expect.stringMatching(/./),
        expect.stringMatching(SKIFF),
        expect.stringMatching(SKIFF),
        expect.stringMatching(PODMAN),
      ],
    });
  }
});

describe('made anew', () => {
  const stage = useStage(useSkiff());

  itIf(wanted && missing === undefined, missing ?? 'SKIFF_ESCAPE_TABLE=1 asks for it')(
    'without root, and with podman beside it',
    async () => {
      const user = new User(true);
      const podman = new PodmanWay(stage());
      try {
        const measured = await measure(new RootlessWay(user, stage()), podman);
        fs.writeFileSync(file, withMeasured(fs.readFileSync(file, 'utf8'), measured));
      } finally {
        podman.remove();
        await user.remove();
      }
    },
    600_000,
  );
});

async function measure(rootless: Way, podman: Way): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>();
  for (const attack of ATTACKS.filter(isPossible)) {
    const outcome = await rootless.attack(attack);
    expect({ name: attack.name, outcome }).toMatchObject({ outcome: { status: 'blocked' } });
    // Without --init there is no program of the runtime's that PID 1 runs.
    const beside = attack.options?.init ? '–' : (await podman.attack(attack)).status;
    measured.set(attack.name, { skiff: 'blocked', rootless: 'blocked', podman: beside });
  }
  for (const attack of SANDBOX_ATTACKS) {
    const { status } = await podman.attack(attack);
    measured.set(attack.name, { skiff: 'blocked', rootless: '–', podman: status });
  }
  return measured;
}

function isPossible(attack: Attack): boolean {
  return whyImpossible(attack) === undefined;
}
