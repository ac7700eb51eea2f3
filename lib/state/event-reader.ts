import fs from 'node:fs';
import path from 'node:path';
import { lineBlocks, type Position } from '../common/line-blocks';
import { RotatedFiles } from '../common/rotated-files';
import { toMilliseconds, toNano, type TimeLike } from '../common/time';
import { eventFilter, type EventFilters } from './event-filter';
import type { SkiffEvent } from './events';
import { statePaths } from './paths';

/** Which events are read. */
export interface EventOptions {
  /** Not what happened before; where neither of the two is given, only what happens from now on. */
  since?: TimeLike;
  /** Not what happens after; then it ends. */
  until?: TimeLike;
  /** False: only what has happened already, from the beginning where no `since` is given. */
  follow?: boolean;
  /** All of them have to fit; everything where none are given. */
  filters?: EventFilters;
  /** Ends it with an error, ABORT_ERR. */
  signal?: AbortSignal;
}

const NEWLINE = 10;
/** What an event begins with, whoever wrote it. */
const BEGINNING = /\{"(?:timeNano|type|id|action|attributes)":/g;
/** Characters of a line that can be an event. */
const LONGEST = 8192;

/**
 * Read what happened, as {@link appendEvent} has written it, and go on with what happens.
 *
 * @throws SkiffError INVALID_ARGUMENT, INVALID_FILTER, ABORT_ERR
 */
export async function* readEvents(
  root: string,
  options: EventOptions,
): AsyncGenerator<SkiffEvent, void, undefined> {
  const { since, until, follow = true, filters = {}, signal } = options;
  const matches = eventFilter(filters);
  const first = since === undefined ? undefined : toNano(since);
  const last = until === undefined ? undefined : toNano(until);
  const { events } = statePaths(root);
  const files = new RotatedFiles(path.dirname(events), path.basename(events));
  const start = follow && since === undefined && until === undefined ? endOf(files) : startOf(files);
  const how = { follow, until: until === undefined ? undefined : toMilliseconds(until), signal };
  for await (const block of lineBlocks(files, start, how)) {
    for (const line of linesOf(block)) {
      const event = parseEvent(line);
      if (!event || !matches(event)) continue;
      if (first !== undefined && event.timeNano < first) continue;
      if (last !== undefined && event.timeNano > last) continue;
      yield event;
    }
  }
}

/**
 * An event from its line; undefined where it is none. Behind the torn beginning of one that a full disk or a power cut
 * left, it is found all the same.
 */
export function parseEvent(line: string): SkiffEvent | undefined {
  const text = line.slice(-LONGEST);
  for (const { index } of text.matchAll(BEGINNING)) {
    const event = readEvent(text.slice(index));
    if (event) return event;
  }
  return undefined;
}

function readEvent(text: string): SkiffEvent | undefined {
  // JSON.parse would round it: it has more digits than a number of JavaScript's. Within a string the quotes are escaped.
  const time = /"timeNano":(\d{1,19})[,}]/.exec(text)?.[1];
  if (time === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isEvent(value) ? { ...value, timeNano: BigInt(time) } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isEvent(value: unknown): value is SkiffEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, action, id, attributes } = value as Partial<SkiffEvent>;
  return (
    typeof type === 'string' &&
    typeof action === 'string' &&
    typeof id === 'string' &&
    typeof attributes === 'object' &&
    attributes !== null &&
    Object.values(attributes).every(attribute => typeof attribute === 'string')
  );
}

function* linesOf(block: Buffer): Generator<string, void, undefined> {
  for (let from = 0; from < block.length;) {
    const end = block.indexOf(NEWLINE, from);
    yield block.toString('utf8', from, end);
    from = end + 1;
  }
}

function startOf(files: RotatedFiles): Position | undefined {
  const file = files.oldest();
  return file && { file, offset: 0 };
}

function endOf(files: RotatedFiles): Position | undefined {
  const file = files.youngest();
  return file && { file, offset: fs.fstatSync(file.fd).size };
}
