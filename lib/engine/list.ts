import { findContainer } from '../runtime/find';
import type { ContainerStore, FoundContainer } from '../state';
import { containerInfo, deadContainer, type ContainerInfo } from './info';

/** All containers, the newest first. */
export function listContainers(store: ContainerStore): ContainerInfo[] {
  return store
    .list()
    .map(found => infoOf(found, store))
    .sort((one, other) => other.created - one.created);
}

/** @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS */
export function inspectContainer(reference: string, store: ContainerStore): ContainerInfo {
  return infoOf(findContainer(reference, store), store);
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
