import { SkiffError } from '../common/errors';
import { parseTime } from '../common/time';
import type { Pruned, PruneFilters } from '../engine/prune';
import { confirm } from './confirm';
import { groupFilters, type Filter } from './filters';
import { decimalSize } from './human';
import { writeOut } from './output';
import { reportErrors } from './report-all';

/** What `prune --filter` knows. */
export const PRUNE_FILTERS = ['label', 'label!', 'until'] as const;

const NS_PER_MS = 1_000_000n;

/**
 * @throws SkiffError INVALID_FILTER for an unknown one, INVALID_ARGUMENT for a time that is none
 */
export function toPruneFilters(filters: readonly Filter[]): PruneFilters {
  const groups = groupFilters(filters, PRUNE_FILTERS);
  const until = groups.get('until')?.at(-1);
  return {
    ...(until !== undefined && { until: Number(parseTime(until) / NS_PER_MS) }),
    label: groups.get('label'),
    withoutLabel: groups.get('label!'),
  };
}

/**
 * Ask, where nobody said that it is not to be asked.
 *
 * @param warning what will be lost
 * @throws SkiffError CANCELLED, exit code 1, in Docker's words, where the answer is no
 */
export function requireConsent(command: string, warning: string, flags: { force: boolean }): void {
  if (flags.force || confirm(warning)) return;
  throw new SkiffError(`${command} has been cancelled`, { code: 'CANCELLED', exitCode: 1 });
}

/** What was removed of one kind, under its head: `Deleted Containers`. */
export interface PrunedKind {
  head: string;
  pruned: Pruned;
}

/**
 * Tell what was removed, as Docker does.
 *
 * @returns the exit code
 */
export function reportPruned(kinds: readonly PrunedKind[]): number {
  for (const { head, pruned } of kinds) {
    if (pruned.names.length > 0) writeOut(`${head}:\n${pruned.names.map(name => `${name}\n`).join('')}\n`);
  }
  const reclaimed = kinds.reduce((bytes, { pruned }) => bytes + pruned.reclaimed, 0);
  writeOut(`Total reclaimed space: ${decimalSize(reclaimed, 4)}\n`);
  return reportErrors(kinds.flatMap(({ pruned }) => pruned.errors));
}
