const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * A time that has passed, in Docker's words (go-units' HumanDuration): `5 minutes`, `About an hour`.
 *
 * @param ms below 0 where clocks were set: told as none
 */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(ms / MINUTE_MS);
  const hours = Math.round(ms / HOUR_MS);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 7 * 2) return `${days} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(days / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(Math.floor(ms / HOUR_MS) / 24 / 365)} years`;
}

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes as Docker's lists of files and images have them, in steps of 1,000: `1.24MB`. */
export function decimalSize(bytes: number, digits = 3): string {
  return inUnits(bytes, 1_000, DECIMAL_UNITS, digits);
}

/** Bytes as Docker tells memory, in steps of 1,024: `5.371MiB`. */
export function binarySize(bytes: number): string {
  return inUnits(bytes, 1_024, BINARY_UNITS, 4);
}

function inUnits(bytes: number, step: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= step && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** A text that is cut to so many characters, the last of them `…`. */
export function ellipsis(text: string, length: number): string {
  if (text.length <= length) return text;
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** A moment as Go prints it, in UTC: `2026-11-25 03:02:51 +0000 UTC`. */
export function goTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** A text that may hold anything, on one line and without codes for terminals. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
