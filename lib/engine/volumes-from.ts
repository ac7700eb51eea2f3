import { SkiffError } from '../common/errors';
import { findContainer } from '../runtime/find';
import type { CheckedMount, Propagation } from '../spec/mount-request';
import { parseUserns } from '../spec/userns';
import { parseVolumesFrom } from '../spec/volumes';
import type { ContainerStore, RecordedMount } from '../state';

/**
 * What `--volumes-from` brings: the binds and volumes of other containers, running or not, at the same places. Of two at
 * one place the later one counts. What has the ids of its container has them here, too: shifted where this one's are.
 *
 * @throws SkiffError INVALID_ARGUMENT, CONTAINER_NOT_FOUND, AMBIGUOUS
 */
export function mountsFrom(
  texts: readonly string[],
  store: ContainerStore,
  { userns }: { userns?: string } = {},
): CheckedMount[] {
  const isShifted = parseUserns(userns).kind === 'auto';
  const byPlace = new Map<string, CheckedMount>();
  for (const { container, readOnly } of texts.map(parseVolumesFrom)) {
    for (const mount of mountsOf(container, store)) {
      if (mount.type === 'tmpfs') continue;
      const asked = requestOf(mount, readOnly);
      const request = isShifted ? asked : { ...asked, idmap: false };
      // The container that it was made for has filled it already.
      byPlace.set(mount.destination, mount.type === 'volume' ? { ...request, noCopy: true } : request);
    }
  }
  return [...byPlace.values()];
}

/** What asks for a mount that a record tells. */
export function requestOf(mount: RecordedMount, readOnly = false): CheckedMount {
  const { type, name, source, destination, anonymous, idmap, subpath, propagation } = mount;
  return {
    type,
    source: type === 'volume' ? name : source,
    target: destination,
    readOnly: readOnly || mount.readOnly,
    ...(anonymous && { anonymous }),
    ...(idmap && { idmap }),
    ...(subpath && { subpath }),
    ...(propagation && { propagation: propagation as Propagation }),
  };
}

function mountsOf(container: string, store: ContainerStore): readonly RecordedMount[] {
  try {
    const found = findContainer(container, store);
    return found.kind === 'record' ? (found.record.mounts ?? []) : [];
  } catch (error) {
    if (!SkiffError.is(error)) throw error;
    const { message, code, path } = error;
    // Of the start that asks for it, it is a failure of the runtime: 125.
    throw new SkiffError(message, { code, path, cause: error });
  }
}
