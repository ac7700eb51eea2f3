import type { Skiff } from '../engine';
import type { Filter } from './filters';
import { toPruneOptions } from './image-prune';
import { toPruneFilters, type PrunedKind } from './prune';

export interface SystemPruneOptions {
  /** Images with a name that no container has, too. */
  all: boolean;
  /** Anonymous volumes, too. */
  volumes: boolean;
  filters: readonly Filter[];
}

/** What `system prune` removes, for its warning. */
export function systemPruneWarning({ all, volumes }: Pick<SystemPruneOptions, 'all' | 'volumes'>): string {
  return [
    'This will remove:',
    '  - all stopped containers',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
    all ? '  - all images without at least one container associated to them' : '  - all dangling images',
  ].join('\n');
}

/**
 * Remove what is not in use: containers first, for they use the others.
 *
 * @throws SkiffError INVALID_FILTER, INVALID_ARGUMENT before anything is removed
 */
export async function systemPrune(
  skiff: Skiff,
  { all, filters, volumes }: SystemPruneOptions,
): Promise<PrunedKind[]> {
  const ofContainers = toPruneFilters(filters);
  const { keep } = toPruneOptions(filters, Date.now());
  const containers = await skiff.pruneContainers(ofContainers);
  const { label, withoutLabel } = ofContainers;
  const ofVolumes = volumes ? await skiff.volumes.prune({ label, withoutLabel }) : undefined;
  const images = await skiff.images.prune({ all, keep });
  const names = [
    ...images.untagged.map(name => `untagged: ${name}`),
    ...images.deleted.map(digest => `deleted: ${digest}`),
  ];
  return [
    { head: 'Deleted Containers', pruned: containers },
    ...(ofVolumes ? [{ head: 'Deleted Volumes', pruned: ofVolumes }] : []),
    { head: 'Deleted Images', pruned: { names, reclaimed: images.reclaimedBytes, errors: [] } },
  ];
}
