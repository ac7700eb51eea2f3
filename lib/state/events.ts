import fs from 'node:fs';
import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import { nowNano } from '../common/time';
import { unlessGone } from '../common/unless-gone';
import { native } from '../native';
import { statePaths } from './paths';

/** Something that happened to a container, an image or a volume. The actions are Docker's. */
export interface SkiffEvent {
  /** Nanoseconds since the epoch. */
  timeNano: bigint;
  type: 'container' | 'image' | 'volume';
  /** `create`, `start`, `die`, `destroy`, `pull`, `tag`, `mount`, ... */
  action: string;
  /** Of a container or image 64 hexadecimal digits, of a volume its name. */
  id: string;
  /** `image`, `name`, `exitCode`, a container's labels, ... */
  attributes: Record<string, string>;
}

/** So long is a line at most, its newline included: one write(2) of it is one line among those of other processes. */
const LONGEST_LINE = 4096;
/** Bytes of the file beyond which it becomes `events.jsonl.1`. */
const ROTATE_AT = 4 << 20;
/** The lock is held for some 10 µs. */
const RETRY_MS = 1;
const OPEN_ATTEMPTS = 50;

const debug = debugLog('events');

/**
 * Write down what happened, in one write(2) of `<root>/events.jsonl`, whoever else writes there. Whoever appends or
 * renames holds an exclusive flock(2) of the file meanwhile: so nothing is added to a renamed file, which a reader may
 * have left behind.
 *
 * @param event its time is now where it has none; of attributes too long for a line the longest are cut short
 * @returns whether it could be written: what happened has happened, on a full disk too
 */
export function appendEvent(
  root: string,
  event: Omit<SkiffEvent, 'timeNano'> & { timeNano?: bigint },
): boolean {
  const file = statePaths(root).events;
  try {
    append(file, Buffer.from(eventLine({ ...event, timeNano: event.timeNano ?? nowNano() })));
    return true;
  } catch (error) {
    debug('%s %s was not written: %s', event.type, event.action, errorMessage(error));
    return false;
  }
}

/** The event as it stands in the file, its newline included. */
export function eventLine({ timeNano, type, action, id, attributes }: SkiffEvent): string {
  // JSON's numbers are exact up to 2^53 in JavaScript only.
  const line = (shown: Record<string, string>) =>
    `{"timeNano":${timeNano},${JSON.stringify({ type, action, id, attributes: shown }).slice(1)}\n`;
  const shown = { ...attributes };
  let text = line(shown);
  while (Buffer.byteLength(text) > LONGEST_LINE) {
    const longest = Object.entries(shown).sort(([, a], [, b]) => b.length - a.length)[0];
    if (longest === undefined) throw new Error(`an event of ${Buffer.byteLength(text)} bytes`);
    const [name, value] = longest;
    if (value.length > 16) shown[name] = `${value.slice(0, value.length >> 1)}…`;
    else delete shown[name];
    text = line(shown);
  }
  return text;
}

function append(file: string, line: Buffer): void {
  const fd = openLocked(file);
  try {
    const written = fs.writeSync(fd, line);
    // A full disk took its beginning; the next line shall not be its end.
    if (written < line.length) fs.writeSync(fd, '\n');
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * The file of that path, locked, so that nobody renames it while it is open; a full one is renamed first. Where somebody
 * has the lock for so long that he must have been stopped, it is not waited for: better a late event than none.
 */
function openLocked(file: string): number {
  for (let attempt = 1; ; attempt += 1) {
    const fd = fs.openSync(file, 'a', 0o600);
    try {
      const isLocked = native().tryLock({ fd, exclusive: true });
      const isCurrent = isLocked && isAt(file, fd);
      const isFull = isCurrent && fs.fstatSync(fd).size >= ROTATE_AT;
      if (isFull) fs.renameSync(file, `${file}.1`);
      else if (isCurrent || attempt === OPEN_ATTEMPTS) return fd;
      else if (!isLocked) pause(RETRY_MS);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    fs.closeSync(fd);
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The path still leads to the open file. */
function isAt(file: string, fd: number): boolean {
  const open = fs.fstatSync(fd, { bigint: true });
  const there = unlessGone(() => fs.statSync(file, { bigint: true }));
  return there !== undefined && there.dev === open.dev && there.ino === open.ino;
}
