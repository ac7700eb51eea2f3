import { invalidArgument } from '../common/errors';
import { currentRootless } from '../common/rootless';
import type { PlannedIds } from '../runtime/ids';
import { parseUserns } from '../spec/userns';
import type { IdSupply } from '../state';
import type { StartOptions } from './options';
import { rangesOf } from './rootless/subordinate-ids';

/** Users of /etc/subuid whose ids are for containers: podman's, and our own. */
const OWNERS = ['skiff', 'containers'];

/**
 * Where neither is there: above all that useradd(8), systemd (up to 0x6fffffff) and directory services give out, and below
 * 2^31, which some programs take for negative; https://systemd.io/UIDS-GIDS.
 */
const DEFAULT_SUPPLY: IdSupply = { uid: 0x7000_0000, gid: 0x7000_0000, count: 0x0fff_0000 };

/**
 * The ids that the options ask for.
 *
 * @param supply where they are cut out of: {@link supplyOfHost}
 * @returns undefined where it has none of its own
 * @throws SkiffError INVALID_ARGUMENT, with Docker's wording where it is privileged
 */
export function containerIds(
  { userns, privileged }: Pick<StartOptions, 'userns' | 'privileged'>,
  supply: () => IdSupply,
): PlannedIds | undefined {
  const asked = parseUserns(userns);
  if (asked.kind === 'host') return undefined;
  if (currentRootless()) throw needsRoot(userns);
  if (privileged) {
    throw invalidArgument('privileged mode is incompatible with user namespaces', {
      remedy: 'Leave out --userns: a privileged container is in the namespace of the host.',
    });
  }
  if (asked.kind === 'same') return { range: { uid: 0, gid: 0, count: asked.count } };
  return { wanted: { count: asked.count, supply: supply() } };
}

/** What this machine has for containers: the first range of the first owner that has one in both files; subuid(5). */
export function supplyOfHost(): IdSupply {
  for (const owner of OWNERS) {
    const { uids, gids } = rangesOf([owner]);
    const [uid, gid] = [uids[0], gids[0]];
    if (uid && gid) return { uid: uid.first, gid: gid.first, count: Math.min(uid.count, gid.count) };
  }
  return DEFAULT_SUPPLY;
}

function needsRoot(userns = '') {
  return invalidArgument(`cannot have a user namespace of its own: --userns ${userns}: only root can`, {
    remedy:
      'Without root all containers share the user namespace of their user: the kernel shifts the ids of layers ' +
      '(ID-mapped mounts) for root alone.',
  });
}
