import type { Skiff } from '../engine';
import type { Filter } from './filters';
import { toPruneOptions } from './image-prune';
import { toPruneFilters, type PrunedKind } from './prune';

export interface SystemPruneOptions {
  /** Images with a name that no container has, too. */
  all: boolean;
  filters: readonly Filter[];
}

/** What `system prune` removes, for its warning. */
export function systemPruneWarning({ all }: Pick<SystemPruneOptions, 'all'>): string {
  return [
    'This will remove:',
    '  - all stopped containers',
    all ? '  - all images without at least one container associated to them' : '  - all dangling images',
  ].join('\n');
}

/**
 * Remove what is not in use: containers first, for they use the others.
 *
 * @throws SkiffError INVALID_FILTER, INVALID_ARGUMENT before anything is removed
 */
export async function systemPrune(skiff: Skiff, { all, filters }: SystemPruneOptions): Promise<PrunedKind[]> {
  const ofContainers = toPruneFilters(filters);
  const { keep } = toPruneOptions(filters, Date.now());
  const containers = await skiff.pruneContainers(ofContainers);
  const images = await skiff.images.prune({ all, keep });
  const names = [
    ...images.untagged.map(name => `untagged: ${name}`),
    ...images.deleted.map(digest => `deleted: ${digest}`),
  ];
  return [
    { head: 'Deleted Containers', pruned: containers },
    { head: 'Deleted Images', pruned: { names, reclaimed: images.reclaimedBytes, errors: [] } },
  ];
}
