import { sweepListed, tidy } from '../runtime/sweep';
import type { ContainerStore, FoundContainer } from '../state';
import { containerInfo, deadContainer, type ContainerInfo } from './info';
import { look, type Keeping } from './managed';

/** All containers, the newest first; what nobody looks after any more is brought to its end, or removed, before. */
export async function listContainers(keeping: Keeping): Promise<ContainerInfo[]> {
  const { store } = keeping;
  const infos: ContainerInfo[] = [];
  for (const found of store.list()) {
    // Of a thousand there are none to wait for.
    const isLookedAfter = !store.isDeserted(found) && !store.isLeftover(found);
    const now = isLookedAfter ? found : await tidy(store, found, keeping.cgroups).catch(() => found);
    if (now) infos.push(infoOf(now, store));
  }
  await sweepListed(store.root, store, infos);
  return infos.sort((one, other) => other.created - one.created);
}

/** All containers as their records tell, whether or not somebody looks after them. */
export function recordedContainers(store: ContainerStore): ContainerInfo[] {
  return store.list().map(found => infoOf(found, store));
}

/** @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS */
export async function inspectContainer(reference: string, keeping: Keeping): Promise<ContainerInfo> {
  return infoOf(await look(keeping, reference), keeping.store);
}

function infoOf(found: FoundContainer, store: ContainerStore): ContainerInfo {
  switch (found.kind) {
    case 'record':
      return containerInfo(found.record, store.directory(found.id));
    case 'broken':
      return deadContainer(found.id, found.directory, 'its record cannot be read');
    case 'future':
      return deadContainer(found.id, store.directory(found.id), 'it was made by a later version of skiff');
  }
}
