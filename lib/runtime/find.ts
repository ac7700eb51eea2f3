import { SkiffError } from '../common/errors';
import type { ContainerStore, FoundContainer } from '../state';

/**
 * Find a container by its name, its id or the beginning of its id. A name that is also the beginning of another's id is
 * the name.
 *
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
 */
export function findContainer(reference: string, store: ContainerStore): FoundContainer {
  const all = store.list();
  const id = reference === '' ? undefined : store.names.holderOf(reference);
  const named = all.find(
    found => found.id === id || (found.kind === 'record' && found.record.name === reference),
  );
  if (named) return named;
  const matching = all.filter(found => reference !== '' && found.id.startsWith(reference));
  if (matching.length === 1) return matching[0]!;
  if (matching.length > 1) {
    const ids = matching.map(found => found.id.slice(0, 12)).join(', ');
    throw new SkiffError(`ambiguous container: ${reference}: it could be ${ids}`, {
      code: 'AMBIGUOUS',
      path: reference,
      exitCode: 1,
    });
  }
  throw noSuchContainer(reference);
}

export function noSuchContainer(reference: string): SkiffError {
  return new SkiffError(`no such container: ${reference}`, {
    code: 'CONTAINER_NOT_FOUND',
    path: reference,
    exitCode: 1,
  });
}
