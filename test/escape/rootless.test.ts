/**
 * The same attacks on containers of somebody without privileges. Their controls are those of the other mode: with options
 * alone nothing of the host can be opened to them.
 */
import { describeIf, itIf } from '../helpers/conditions';
import { canShift, User, whyNot } from '../rootless/user';
import { useSkiff } from '../run/support';
import { ATTACKS, whyImpossible } from './attacks';
import { useStage } from './stage';
import { RootlessWay } from './ways';

const reason = whyNot();
const describeHere = describeIf(reason === undefined, reason ?? '', 'rootless');

const describeShifted = describeIf(
  reason === undefined && canShift,
  reason ?? 'nothing can shift ids',
  'fuse',
);

function attackAll(flags: readonly string[]): void {
  const stage = useStage(useSkiff());
  let user: User;
  let way: RootlessWay;
  beforeAll(() => {
    user = new User(true, { fuse: 0o666 });
    way = new RootlessWay(user, stage(), flags);
  });
  afterAll(() => user.remove());

  for (const attack of ATTACKS) {
    const reason = whyImpossible(attack);
    itIf(reason === undefined, reason ?? '')(attack.name, async () => {
      expect(await way.attack(attack)).toEqual({ status: 'blocked', said: expect.stringMatching(/./) });
    });
  }
}

describeHere('a container of the defaults, without being root', () => attackAll([]));

describeShifted('one with a user namespace of its own, without being root', () =>
  attackAll(['--userns', 'auto']),
);

describeShifted('one with the own number, as its root', () =>
  attackAll(['--userns', 'keep-id', '--user', '0']),
);
