import { invalidArgument } from '../common/errors';
import type { Skiff } from '../engine';
import type { Filter } from './filters';
import { toPruneOptions } from './image-prune';
import { toPruneFilters, type PrunedKind } from './prune';

export interface SystemPruneOptions {
  /** Images with a name that no container has, too. */
  all: boolean;
  /** Volumes without a name that no container has, too. */
  volumes: boolean;
  filters: readonly Filter[];
}

/** What `system prune` removes, for its warning. */
export function systemPruneWarning({ all, volumes }: SystemPruneOptions): string {
  return [
    'This will remove:',
    '  - all stopped containers',
    all ? '  - all images without at least one container associated to them' : '  - all dangling images',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
  ].join('\n');
}

/**
 * What is wrong with the filters is told before anything is asked.
 *
 * @throws SkiffError INVALID_FILTER, INVALID_ARGUMENT with Docker's wording
 */
export function checkSystemPrune({ volumes, filters }: SystemPruneOptions): void {
  const { until } = toPruneFilters(filters);
  if (volumes && until !== undefined) {
    throw invalidArgument('the "until" filter is not supported with "--volumes"', {
      remedy: 'Of a volume nobody knows since when it is not used.',
    });
  }
}

/** Remove what is not in use: containers first, for they use the others. */
export async function systemPrune(
  skiff: Skiff,
  { all, volumes, filters }: SystemPruneOptions,
): Promise<PrunedKind[]> {
  const ofContainers = toPruneFilters(filters);
  const { label, withoutLabel } = ofContainers;
  const containers = await skiff.pruneContainers(ofContainers);
  const anonymous = volumes ? await skiff.volumes.prune({ label, withoutLabel }) : undefined;
  const images = await skiff.images.prune({ all, keep: toPruneOptions(filters, Date.now()).keep });
  const names = [
    ...images.untagged.map(name => `untagged: ${name}`),
    ...images.deleted.map(digest => `deleted: ${digest}`),
  ];
  return [
    { head: 'Deleted Containers', pruned: containers },
    ...(anonymous ? [{ head: 'Deleted Volumes', pruned: anonymous }] : []),
    { head: 'Deleted Images', pruned: { names, reclaimed: images.reclaimedBytes, errors: [] } },
  ];
}
