import type { CgroupSetup } from '../cgroup';
import { SkiffError } from '../common/errors';
import type { ContainerStore } from '../state';
import { findContainer } from './find';
import { removeLeftover } from './sweep';

/**
 * Remove a container that stayed (`keep`), by its name, its id or the beginning of its id.
 *
 * @returns its id
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, or CONTAINER_RUNNING while its owner lives
 */
export async function removeContainer(
  reference: string,
  store: ContainerStore,
  cgroups: CgroupSetup,
): Promise<string> {
  const found = findContainer(reference, store);
  if (found.kind === 'record' && found.record.status !== 'exited' && !store.isLeftover(found)) {
    throw new SkiffError(`cannot remove container ${reference}: it is running`, {
      code: 'CONTAINER_RUNNING',
      path: reference,
      exitCode: 1,
      remedy: 'End it where it was started; without --keep it is removed then.',
    });
  }
  await removeLeftover(store, found, cgroups);
  return found.id;
}
