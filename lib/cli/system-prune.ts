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
export function systemPruneWarning(_options: Pick<SystemPruneOptions, 'all' | 'volumes'>): string {
  return ['This will remove:', '  - all stopped containers'].join('\n');
}

/** Remove what is not in use: containers first, for they use the others. */
export async function systemPrune(skiff: Skiff, { filters }: SystemPruneOptions): Promise<PrunedKind[]> {
  return [{ head: 'Deleted Containers', pruned: await skiff.pruneContainers(filters) }];
}
