import { errorCode } from '../common/errors';
import { fitsLabels } from '../common/labels';
import type { ContainerInfo } from './info';
import { isUp } from './select';
import { Sizes } from './sizes';

/** What a pruning has removed. */
export interface Pruned {
  /** Ids of containers, names of volumes. */
  names: string[];
  /** Bytes of what they held. */
  reclaimed: number;
  /** What could not be removed; the others are all the same. */
  errors: unknown[];
}

/** Which things may be pruned. */
export interface PruneFilters {
  /** Made before that moment, in milliseconds since the epoch. */
  until?: number;
  /** `key` or `key=value`; all have to fit. */
  label?: readonly string[];
  /** The same: those that have one of them stay. */
  withoutLabel?: readonly string[];
}

/** The part of a Skiff that this needs. */
interface Containers {
  list(): Promise<ContainerInfo[]>;
  remove(id: string): Promise<unknown>;
}

/** Remove the containers that do not run. One that is started, or removed, meanwhile is passed over. */
export async function pruneContainers(containers: Containers, filters: PruneFilters = {}): Promise<Pruned> {
  const sizes = new Sizes();
  const pruned: Pruned = { names: [], reclaimed: 0, errors: [] };
  for (const container of await containers.list()) {
    if (!mayGo(container) || !fits(container, filters)) continue;
    const { writeLayer } = await sizes.of({ directory: container.directory, layers: [] });
    try {
      await containers.remove(container.id);
      pruned.names.push(container.id);
      pruned.reclaimed += writeLayer;
    } catch (error) {
      const isPassed = ['CONTAINER_RUNNING', 'CONTAINER_NOT_FOUND'].includes(errorCode(error) ?? '');
      if (!isPassed) pruned.errors.push(error);
    }
  }
  return pruned;
}

/** What a dead container was, nobody knows: that is for `rm`, by its id. */
function mayGo(container: ContainerInfo): boolean {
  return !isUp(container) && container.status !== 'starting' && container.status !== 'dead';
}

function fits(
  { created, labels }: ContainerInfo,
  { until, label, withoutLabel = [] }: PruneFilters,
): boolean {
  return (
    (until === undefined || created < until) &&
    fitsLabels(labels, label) &&
    !withoutLabel.some(unwanted => fitsLabels(labels, [unwanted]))
  );
}
