import type { Skiff } from '../engine';
import type { PruneFilters } from '../engine/prune';
import type { PrunedKind } from './prune';

export interface SystemPruneOptions {
  /** Images that no container has, too, and not only those without a name. */
  all: boolean;
  /** Volumes that no container has, too. */
  volumes: boolean;
  filters: PruneFilters;
}

/** What `system prune` removes, for its warning. */
export function systemPruneWarning({ volumes }: Pick<SystemPruneOptions, 'all' | 'volumes'>): string {
  return [
    'This will remove:',
    '  - all stopped containers',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
  ].join('\n');
}

/** Remove what is not in use: containers first, for they use the others. */
export async function systemPrune(
  skiff: Skiff,
  { filters, volumes }: SystemPruneOptions,
): Promise<PrunedKind[]> {
  const kinds = [{ head: 'Deleted Containers', pruned: await skiff.pruneContainers(filters) }];
  const { label, withoutLabel } = filters;
  if (volumes) {
    kinds.push({ head: 'Deleted Volumes', pruned: await skiff.volumes.prune({ label, withoutLabel }) });
  }
  return kinds;
}
