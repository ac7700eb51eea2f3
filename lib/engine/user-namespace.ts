import { invalidArgument } from '../common/errors';
import type { IdRange } from '../common/id-range';
import { currentRootless, isRootless, type Rootless } from '../common/rootless';
import type { PlannedIds } from '../runtime/ids';
import { parseUserns } from '../spec/userns';
import type { IdSupply } from '../state';
import type { StartOptions } from './options';
import { supplyOfUser } from './rootless/id-supply';
import { rangesOf } from './rootless/subordinate-ids';

/** Ids of a container's range where nothing else is said: every number of 16 bits, `nobody` among them. */
const RANGE = 65_536;
/** Without root that would be all that there are for one container: as many as podman takes at least. */
const RANGE_OF_USER = 1024;

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
 * @param supply where they are cut out of: {@link idSupply}
 * @returns undefined where it has none of its own
 * @throws SkiffError INVALID_ARGUMENT, with Docker's wording where it is privileged
 */
export function containerIds(
  { userns, privileged }: Pick<StartOptions, 'userns' | 'privileged'>,
  supply: () => IdSupply,
): PlannedIds | undefined {
  const asked = parseUserns(userns);
  if (asked.kind === 'host') return undefined;
  if (privileged) {
    throw invalidArgument('privileged mode is incompatible with user namespaces', {
      remedy: 'Leave out --userns: a privileged container is in the namespace of the host.',
    });
  }
  const rootless = currentRootless();
  if (rootless?.ids === 'single') throw needsSubordinateIds(userns);
  if (asked.kind === 'auto')
    return { wanted: { count: asked.count ?? (rootless ? RANGE_OF_USER : RANGE), supply: supply() } };
  return { range: rootless ? keptIds(rootless, supply()) : { uid: 0, gid: 0, count: asked.count } };
}

/** The files of a container with these ids can be shown to it by fuse-overlayfs alone: the kernel shifts for root. */
export function needsFuse(ids: PlannedIds | undefined): boolean {
  return ids !== undefined && isRootless();
}

/** Where ranges are cut out of on this machine, for this user. */
export function idSupply(): IdSupply {
  return isRootless() ? supplyOfUser() : supplyOfHost();
}

/** The user has the number that it has outside, and root and all others are subordinate ids. */
function keptIds({ uid, gid }: Rootless, supply: IdSupply): IdRange {
  // As in an outer container: the two roots would be one.
  if (uid === 0 || gid === 0) throw keptAnyway(uid, gid);
  const last = Math.max(uid, gid);
  // On disk files have the container's numbers, and this one must be among them.
  if (last >= supply.uid + supply.count || last >= supply.gid + supply.count)
    throw tooHigh(last, supply.count);
  return { uid: supply.uid, gid: supply.gid, count: supply.count, callerUid: uid, callerGid: gid };
}

/** What this machine has for containers: the first range of the first owner that has one in both files; subuid(5). */
function supplyOfHost(): IdSupply {
  for (const owner of OWNERS) {
    const { uids, gids } = rangesOf([owner]);
    const [uid, gid] = [uids[0], gids[0]];
    if (uid && gid) return { uid: uid.first, gid: gid.first, count: Math.min(uid.count, gid.count) };
  }
  return DEFAULT_SUPPLY;
}

function needsSubordinateIds(userns = '') {
  return invalidArgument(
    `cannot have a user namespace of its own: --userns ${userns}: there are no ids for it`,
    {
      remedy:
        'Have root install uidmap (newuidmap, newgidmap) and add ranges for you to /etc/subuid and /etc/subgid.',
    },
  );
}

function keptAnyway(uid: number, gid: number) {
  return invalidArgument(`cannot keep the ids ${uid}:${gid} in the container: 0 is its root's`, {
    remedy: 'Leave out --userns: the container has you as its root then.',
  });
}

function tooHigh(id: number, count: number) {
  return invalidArgument(`cannot keep the id ${id} in the container: there are ${count} subordinate ids`, {
    remedy:
      'Have root give you as many in /etc/subuid and /etc/subgid, in one range each; --userns auto does without.',
  });
}
