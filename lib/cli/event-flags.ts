import { invalidArgument } from '../common/errors';
import type { EventFilters } from '../state';
import { list, text, type Flags } from './flags';
import { timeFlag } from './log-flags';

export const eventFlags = {
  filter: list({
    char: 'f',
    helpValue: '<key=value>',
    summary: 'Only those of a type, event, container, image, label or volume',
  }),
  format: text({
    helpValue: '<json|template>',
    summary: 'How to print each: as one line of JSON, or by a template',
  }),
  since: timeFlag('Show what has happened since a time (2026-11-25T14:00:00Z) or in a duration (42m), too'),
  until: timeFlag('End at a time, or a duration ago'),
} satisfies Flags;

/** @throws SkiffError INVALID_ARGUMENT with Docker's wording */
export function toEventFilters(filters: readonly string[]): EventFilters {
  const grouped: Record<string, string[]> = {};
  for (const filter of filters) {
    const at = filter.indexOf('=');
    if (at === -1) throw invalidArgument('bad format of filter (expected name=value)', { path: filter });
    (grouped[filter.slice(0, at).trim().toLowerCase()] ??= []).push(filter.slice(at + 1).trim());
  }
  return grouped;
}
