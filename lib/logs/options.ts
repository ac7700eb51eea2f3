import { invalidArgument } from '../common/errors';
import type { TimeLike } from '../common/time';

/** Which part of a container's log is read. */
export interface LogOptions {
  /** Go on with what is written later, until the container has ended. */
  follow?: boolean;
  /** So many lines of the end; all where not given. Those that `since` and `until` leave out count, as in Docker. */
  tail?: number;
  /** Not what was written before. */
  since?: TimeLike;
  /** Not what was written after. */
  until?: TimeLike;
  /** Ends the reading with an error, ABORT_ERR. */
  signal?: AbortSignal;
}

/** Which of its streams the command wrote to. */
export type LogStream = 'stdout' | 'stderr';

/** A line that the container's command wrote. */
export interface LogEntry {
  /** When it was begun. */
  time: Date;
  /** The same in nanoseconds since the epoch. */
  timeNano: bigint;
  /** Of a container with a terminal always `stdout`. */
  stream: LogStream;
  /** Its bytes without the newline. */
  data: Buffer;
  /** The next entry of this stream goes on with the line: it is very long, or no more of it is written yet. */
  partial: boolean;
}

/** @throws SkiffError INVALID_ARGUMENT */
export function tailOf({ tail = Infinity }: LogOptions): number {
  if (tail === Infinity || (Number.isSafeInteger(tail) && tail >= 0)) return tail;
  throw invalidArgument(`invalid tail: ${tail}: it must be a number of lines`);
}
