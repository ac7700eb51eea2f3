import { invalidArgument } from './errors';

/** A point in time as options take it: nanoseconds since the epoch, a Date, or text as {@link parseTime} reads it. */
export type TimeLike = bigint | Date | string;

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

const UNIT_NS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DURATION_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
const UNIX_TIME = /^(\d+)(?:\.(\d{1,9})\d*)?$/;
const CALENDAR_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?([Zz]|[+-]\d\d:\d\d)?$/;

/** Nanoseconds since the epoch, of a clock that has milliseconds. */
export function nowNano(): bigint {
  return BigInt(Date.now()) * NS_PER_MS;
}

/** @throws SkiffError INVALID_ARGUMENT */
export function toNano(time: TimeLike): bigint {
  if (typeof time === 'bigint') return time;
  if (typeof time === 'string') return parseTime(time);
  if (Number.isNaN(time.getTime())) throw invalidArgument('invalid time: Invalid Date');
  return BigInt(time.getTime()) * NS_PER_MS;
}

/**
 * Milliseconds since the epoch, rounded down.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toMilliseconds(time: TimeLike): number {
  return Number(toNano(time) / NS_PER_MS);
}

/**
 * Read a point in time as Docker's `--since` and `--until` take it (api/types/time, GetTimestamp): a duration before now
 * (`10m`, `1h30m`), seconds since the epoch with a fraction or without, a date, or a date and time of RFC 3339 of which
 * seconds and minutes may be left out; one without a zone is of the local one.
 *
 * @param now milliseconds since the epoch
 * @returns nanoseconds since the epoch
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function parseTime(text: string, now = Date.now()): bigint {
  const before = text === '0' ? undefined : goDuration(text);
  if (before !== undefined) return BigInt(now) * NS_PER_MS - before;
  const unix = UNIX_TIME.exec(text);
  if (unix) return BigInt(unix[1]!) * NS_PER_SECOND + BigInt((unix[2] ?? '').padEnd(9, '0'));
  const calendar = CALENDAR_TIME.exec(text);
  const ns = calendar ? calendarTime(calendar) : undefined;
  if (ns === undefined) {
    throw invalidArgument(`failed to parse value as time or duration: ${JSON.stringify(text)}`, {
      remedy: 'Use a duration such as 10m, a time such as 2026-11-25T14:00:00Z, or seconds since 1970.',
    });
  }
  return ns;
}

/** RFC 3339 in UTC with all nine digits: texts of it sort as the times do. */
export function formatTime(ns: bigint): string {
  const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const date = new Date(Number((ns - fraction) / NS_PER_MS));
  return `${date.toISOString().slice(0, -5)}.${String(fraction).padStart(9, '0')}Z`;
}

/** Go's time.ParseDuration, in nanoseconds; undefined where the text is none. */
function goDuration(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  const digits = /^[+-]/.test(text) ? text.slice(1) : text;
  if (digits === '') return undefined;
  let total = 0;
  for (let at = 0; at < digits.length; at = DURATION_PART.lastIndex) {
    DURATION_PART.lastIndex = at;
    const part = DURATION_PART.exec(digits);
    if (!part) return undefined;
    total += Number(part[1]) * UNIT_NS[part[2]!]!;
  }
  if (!Number.isFinite(total)) return undefined;
  const ns = BigInt(Math.round(total));
  return negative ? -ns : ns;
}

/** Undefined for a day or hour that no calendar has. */
function calendarTime(match: RegExpExecArray): bigint | undefined {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zone = match[8];
  // The calendar's own check: of the 31st of June Date makes the 1st of July.
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isReal =
    utc.getUTCFullYear() === year &&
    utc.getUTCMonth() === month - 1 &&
    utc.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!isReal) return undefined;
  const fraction = BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  const local = new Date(year, month - 1, day, hour, minute, second);
  const ms = zone === undefined ? local.getTime() : utc.getTime() - zoneOffset(zone);
  return BigInt(ms) * NS_PER_MS + fraction;
}

/** Milliseconds east of Greenwich of `Z` or `+02:00`. */
function zoneOffset(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return (zone[0] === '-' ? -minutes : minutes) * 60_000;
}
