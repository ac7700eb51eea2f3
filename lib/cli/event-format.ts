import { formatTime } from '../common/time';
import type { SkiffEvent } from '../state';
import { mapOf, parseTemplate } from './template';

/**
 * An event as Docker's `events` prints it, its time in UTC:
 * `2026-11-25T02:46:11.123456789Z container start 4c1f... (image=busybox, name=bird)`.
 */
function eventText({ timeNano, type, action, id, attributes }: SkiffEvent): string {
  const shown = Object.keys(attributes)
    .sort()
    .map(name => `${name}=${attributes[name]}`);
  const words = [
    formatTime(timeNano),
    type,
    action,
    id,
    ...(shown.length > 0 ? [`(${shown.join(', ')})`] : []),
  ];
  // A label may hold line breaks and terminal codes.
  return words.join(' ').replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1));
}

/**
 * How events are printed, a line each.
 *
 * @param format `json`, a template, or nothing: words
 * @throws SkiffError INVALID_TEMPLATE
 */
export function eventPrinter(format: string | undefined): (event: SkiffEvent) => string {
  if (format === undefined) return eventText;
  if (format === 'json') return eventJson;
  const template = parseTemplate(format);
  return event => template.render(eventRecord(event));
}

/** An event with the names that Docker's templates have, of Go's events.Message. */
function eventRecord(event: SkiffEvent): object {
  const { timeNano, type, action, id, attributes } = event;
  const record = {
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: mapOf(attributes) },
    Scope: 'local',
    Time: timeNano / 1_000_000_000n,
    TimeNano: timeNano,
    Status: action,
    ID: id,
    From: attributes.image ?? '',
  };
  // `{{json .}}` is as precise as a number of JavaScript; `--format json` is exact.
  const toJSON = () => ({ ...eventFields(event), timeNano: Number(timeNano) });
  return Object.defineProperty(record, 'toJSON', { value: toJSON });
}

/** An event with Docker's names in JSON; its `timeNano` stands apart: JSON has no bigint. */
function eventFields({ timeNano, type, action, id, attributes }: SkiffEvent) {
  return {
    status: action,
    id,
    ...(attributes.image !== undefined && { from: attributes.image }),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(timeNano / 1_000_000_000n),
  };
}

/** One line of JSON. */
function eventJson(event: SkiffEvent): string {
  return `${JSON.stringify(eventFields(event)).slice(0, -1)},"timeNano":${event.timeNano}}`;
}
