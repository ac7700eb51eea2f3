import { formatTime, toNano, type TimeLike } from '../common/time';
import type { LogOptions } from './options';
import { TIME, type LogScanner } from './scanner';

/** Chooses lines by their time. Times are compared as texts, which sort as the times do. */
export class LineFilter {
  private readonly since: Buffer | undefined;
  private readonly until: Buffer | undefined;
  /** Of the lines that stdout and stderr are within. */
  private readonly open = { stdout: false, stderr: false };
  private readonly kept = { stdout: true, stderr: true };

  constructor({ since, until }: Pick<LogOptions, 'since' | 'until'>) {
    if (since !== undefined) this.since = textOf(since);
    if (until !== undefined) this.until = textOf(until);
  }

  /** Whether every line is taken. */
  get takesAll(): boolean {
    return !this.since && !this.until;
  }

  /** Whether what the scanner has found belongs to a line that is asked for: the line's beginning decides. */
  takes(block: Buffer, line: LogScanner): boolean {
    const stream = line.isStdout ? 'stdout' : 'stderr';
    if (!this.open[stream]) this.kept[stream] = this.isWithin(block, line.start);
    this.open[stream] = line.isPartial;
    return this.kept[stream];
  }

  private isWithin(block: Buffer, start: number): boolean {
    const { since, until } = this;
    return (
      (!since || difference(block, start, since) >= 0) && (!until || difference(block, start, until) <= 0)
    );
  }
}

/** Less than, equal to or more than 0 as the time there is. Times mostly differ early: Buffer.compare takes longer. */
function difference(block: Buffer, start: number, time: Buffer): number {
  for (let at = 0; at < TIME; at += 1) {
    const less = block[start + at]! - time[at]!;
    if (less !== 0) return less;
  }
  return 0;
}

/** The first and the last time that have a text of this form. */
const FIRST = -62_167_219_200_000_000_000n;
const LAST = 253_402_300_799_000_000_000n;

function textOf(time: TimeLike): Buffer {
  const ns = toNano(time);
  return Buffer.from(formatTime(ns < FIRST ? FIRST : ns > LAST ? LAST : ns));
}
