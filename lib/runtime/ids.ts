import fs from 'node:fs';
import { errorCode, SkiffError } from '../common/errors';
import type { IdRange } from '../common/id-range';
import type { ContainerStore, WantedIds } from '../state';
import type { UserAhead } from './ahead/user-ahead';
import type { Steps } from './steps';

/** The ids of a container's user namespace: some that no other has, or these. */
export type PlannedIds = { wanted: WantedIds } | { range: IdRange };

/** Take them for a container; undefined where it has none. */
export function idsFor(store: ContainerStore, id: string, ids: PlannedIds | undefined): IdRange | undefined {
  if (!ids || 'range' in ids) return ids?.range;
  return store.ids.claim(id, ids.wanted, store.owner);
}

/** The same as a step of its start. */
export async function claimIds(
  store: ContainerStore,
  { id, ids, ahead }: { id: string; ids?: PlannedIds; ahead?: { user?: UserAhead } },
  steps: Steps,
): Promise<IdRange | undefined> {
  if (!ids) return undefined;
  return steps.do(
    'ids',
    () => ahead?.user?.use() ?? idsFor(store, id, ids)!,
    range => store.ids.free(id, range),
  );
}

/**
 * Pipes without a name are the container's root's from now on: it could not reopen /dev/stdout otherwise. Whoever is its
 * user gets them from its init.
 *
 * @param stdio descriptors, or none
 */
export function givePipes(stdio: readonly number[], ids: IdRange | undefined): void {
  if (!ids || ids.uid === 0) return;
  for (const fd of stdio) {
    if (fd >= 0 && fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('pipe:')) give(fd, ids);
  }
}

function give(fd: number, { uid, gid }: IdRange): void {
  try {
    fs.fchownSync(fd, uid, gid);
  } catch (error) {
    // Without root: it was made by somebody else, and works as it is.
    if (errorCode(error) !== 'EPERM') throw error;
  }
}

/** The kernel cannot show a directory with other ids than it has: mount_setattr(2), "ID-mapped mounts". */
export function isUnshiftable(error: unknown): boolean {
  return (error as { syscall?: string }).syscall === 'mount_setattr IDMAP';
}

export function unshiftable(cause: unknown): SkiffError {
  const { path = '', step } = cause as { path?: string; step?: string };
  return new SkiffError(`cannot shift the ids of ${path}: its file system has no ID-mapped mounts here`, {
    code: errorCode(cause) ?? 'EINVAL',
    path,
    step,
    remedy:
      'They take Linux 5.12 (overlay: 5.19) and ext4, xfs, btrfs, tmpfs (6.3) or such, without aufs; --userns host does without.',
    cause,
  });
}
