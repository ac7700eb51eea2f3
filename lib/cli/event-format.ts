import { formatTime } from '../common/time';
import type { SkiffEvent } from '../state';

/**
 * An event as Docker's `events` prints it, its time in UTC:
 * `2026-11-25T02:46:11.123456789Z container start 4c1f... (image=busybox, name=bird)`.
 */
export function eventText({ timeNano, type, action, id, attributes }: SkiffEvent): string {
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

/** An event with Docker's names, which templates and `--format json` have; its `timeNano` stands apart: JSON has no bigint. */
export function eventFields({ timeNano, type, action, id, attributes }: SkiffEvent) {
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
export function eventJson(event: SkiffEvent): string {
  return `${JSON.stringify(eventFields(event)).slice(0, -1)},"timeNano":${event.timeNano}}`;
}
