import { invalidArgument } from '../common/errors';
import type { EventFilters } from '../state';
import { eventJson, eventText } from './event-format';
import { list, value, type Flags } from './flags';
import { timeFlag } from './log-flags';

export const eventFlags = {
  filter: list({
    char: 'f',
    helpValue: '<key=value>',
    summary: 'Only those of a type, event, container, image, label or volume',
  }),
  format: value(parseFormat, { helpValue: '<format>', summary: 'json: one object a line' }),
  since: timeFlag('Show what has happened since a time (2026-11-25T14:00:00Z) or in a duration (42m), too'),
  until: timeFlag('End at a time, or a duration ago'),
} satisfies Flags;

/** How an event is printed. */
export const eventLineOf = { text: eventText, json: eventJson };

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

function parseFormat(given: string): 'json' {
  if (given !== 'json') throw invalidArgument('must be json');
  return given;
}
