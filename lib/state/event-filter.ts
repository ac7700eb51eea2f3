import { SkiffError } from '../common/errors';
import type { SkiffEvent } from './events';

/** Filters by their names; of several values of one of them any will do, but of `label` all are needed, as in Docker. */
export type EventFilters = Partial<Record<EventFilterName, readonly string[]>>;

type EventFilterName = keyof typeof MATCHES;

/** What each filter of Docker's `events --filter` goes by. */
const MATCHES = {
  type: (event: SkiffEvent, value: string) => event.type === value,
  event: hasAction,
  action: hasAction,
  container: (event: SkiffEvent, value: string) =>
    event.type === 'container' && (event.id.startsWith(value) || event.attributes.name === value),
  image: (event: SkiffEvent, value: string) =>
    event.type === 'image'
      ? event.id === value || isReference(event.attributes.name, value)
      : isReference(event.attributes.image, value),
  label: hasLabel,
  volume: (event: SkiffEvent, value: string) => event.type === 'volume' && event.id === value,
};

/** @throws SkiffError INVALID_FILTER with Docker's wording for a filter that there is none of */
export function eventFilter(filters: EventFilters): (event: SkiffEvent) => boolean {
  const wanted = Object.entries(filters).map(([name, values]) => ({
    values: values ?? [],
    matches: MATCHES[checkName(name)],
    needsAll: name === 'label',
  }));
  return event =>
    wanted.every(({ values, matches, needsAll }) =>
      needsAll ? values.every(value => matches(event, value)) : values.some(value => matches(event, value)),
    );
}

function checkName(name: string): EventFilterName {
  if (Object.hasOwn(MATCHES, name)) return name as EventFilterName;
  throw new SkiffError(`invalid filter '${name}'`, {
    code: 'INVALID_FILTER',
    exitCode: 1,
    remedy: `There is ${Object.keys(MATCHES).join(', ')}.`,
  });
}

/** `exec_start: sh -c true` has the action `exec_start`. */
function hasAction({ action }: SkiffEvent, value: string): boolean {
  return action === value || action.startsWith(`${value}:`);
}

/** `name` or `name=value`. */
function hasLabel({ attributes }: SkiffEvent, label: string): boolean {
  const at = label.indexOf('=');
  if (at === -1) return Object.hasOwn(attributes, label);
  return attributes[label.slice(0, at)] === label.slice(at + 1);
}

/** With the tag or without. */
function isReference(reference: string | undefined, value: string): boolean {
  return reference === value || reference?.replace(/:[^:/]*$/, '') === value;
}
