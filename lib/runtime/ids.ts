import fs from 'node:fs';
import type { IdRange } from '../common/id-range';
import type { ContainerStore, WantedIds } from '../state';
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
  { id, ids }: { id: string; ids?: PlannedIds },
  steps: Steps,
): Promise<IdRange | undefined> {
  if (!ids) return undefined;
  return steps.do(
    'ids',
    () => idsFor(store, id, ids)!,
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
    if (fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('pipe:')) fs.fchownSync(fd, ids.uid, ids.gid);
  }
}
