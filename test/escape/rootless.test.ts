/**
 * The same attacks on containers of somebody without privileges. Their controls are those of the other mode: with options
 * alone nothing of the host can be opened to them.
 */
import fs from 'node:fs';
import { describeIf, itIf } from '../helpers/conditions';
import { User, whyNot } from '../rootless/user';
import { useSkiff } from '../run/support';
import { ATTACKS } from './attacks';
import { useStage } from './stage';
import { RootlessWay } from './ways';

const reason = whyNot();
const describeHere = describeIf(reason === undefined, reason ?? '', 'rootless');

describeHere('a container of the defaults, without being root', () => {
  const stage = useStage(useSkiff());
  let user: User;
  let way: RootlessWay;
  beforeAll(() => {
    user = new User(true);
    way = new RootlessWay(user, stage());
  });
  afterAll(() => user.remove());

  for (const attack of ATTACKS) {
    const isThere = attack.needs === undefined || fs.existsSync(attack.needs);
    itIf(isThere, `this kernel has no ${attack.needs}`)(attack.name, async () => {
      expect(await way.attack(attack)).toEqual({ status: 'blocked', said: expect.stringMatching(/./) });
    });
  }
});
