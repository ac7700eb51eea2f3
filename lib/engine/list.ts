import { sweepListed, tidy } from '../runtime/sweep';
import type { ContainerStore, FoundContainer } from '../state';
import { containerInfo, deadContainer, type ContainerInfo } from './info';
import { look, type Keeping } from './managed';

export interface ListOptions {
  /** Without options, layers and cgroup directories, which a list does not show. */
  brief?: boolean;
}

/** All containers, the newest first; what nobody looks after any more is brought to its end, or removed, before. */
export async function listContainers(
  keeping: Keeping,
  { brief = false }: ListOptions = {},
): Promise<ContainerInfo[]> {
  const { store } = keeping;
  const infos: ContainerInfo[] = [];
  for await (const batch of store.batches()) {
    for (const found of batch) {
      // Of a thousand there are none to wait for.
      const isLookedAfter = !store.isDeserted(found) && !store.isLeftover(found);
      const now = isLookedAfter ? found : await tidy(store, found, keeping.cgroups).catch(() => found);
      if (now) infos.push(brief ? briefly(infoOf(now, store)) : infoOf(now, store));
    }
  }
  await sweepListed(store.root, store, infos);
  return newestFirst(infos);
}

/** Sorted by numbers alone: a function that compares two would be called ten thousand times for a thousand. */
function newestFirst(infos: readonly ContainerInfo[]): ContainerInfo[] {
  const byTime = new Map<number, ContainerInfo[]>();
  for (const info of infos) {
    const same = byTime.get(info.created);
    if (same) same.push(info);
    else byTime.set(info.created, [info]);
  }
  const times = Float64Array.from(byTime.keys()).sort().reverse();
  const sorted: ContainerInfo[] = [];
  for (const time of times) sorted.push(...byTime.get(time)!);
  return sorted;
}

/** @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS */
export async function inspectContainer(reference: string, keeping: Keeping): Promise<ContainerInfo> {
  return infoOf(await look(keeping, reference), keeping.store);
}

/** What stays of each is what a thousand of them cost. */
function briefly(info: ContainerInfo): ContainerInfo {
  info.options = {};
  info.layers = [];
  info.cgroupPaths = [];
  return info;
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
