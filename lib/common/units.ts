import { invalidArgument } from './errors';

/** Binary multiples, as Docker's `go-units` has them for memory. */
const SIZE_STEPS = ['', 'k', 'm', 'g', 't', 'p'];
const SIZE_NAMES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

const DURATION_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A number as strconv.ParseFloat takes it, without hexadecimal and names. */
const DECIMAL = /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Read a size by the rules of Docker's `RAMInBytes`: a decimal number, then nothing or `b`, or one of `k m g t p`
 * with an optional `b` or `ib`; upper and lower case alike, one space between the two allowed.
 *
 * @returns bytes, rounded down
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function parseSize(text: string): number {
  const end = lastIndexOfAny(text, '0123456789. ');
  const number = text.slice(0, text[end] === ' ' ? end : end + 1);
  const suffix = text.slice(end + 1).toLowerCase();
  if (!DECIMAL.test(number)) throw invalidSize(text);
  const unit = /^(?:b|([kmgtp])(?:i?b)?)?$/.exec(suffix);
  if (!unit) throw invalidArgument(`invalid suffix: '${suffix}'`);
  const bytes = Math.floor(Number(number) * 1024 ** SIZE_STEPS.indexOf(unit[1] ?? ''));
  if (!Number.isSafeInteger(bytes)) throw invalidSize(text);
  return bytes;
}

/**
 * A number of bytes as people read it: `63.9 MiB`, one digit after the point where it says something.
 *
 * @param bytes not negative
 */
export function formatBytes(bytes: number): string {
  const inStep = (at: number) => Math.round((bytes / 1024 ** at) * 10) / 10;
  let step = 0;
  while (inStep(step) >= 1024 && step < SIZE_NAMES.length - 1) step += 1;
  return `${inStep(step)} ${SIZE_NAMES[step]}`;
}

/**
 * Read a duration: numbers with units, `1.5s`, `500ms`, `1h30m`; or a number alone.
 *
 * @param plainUnit what a number without a unit means: `s` on the command line, as for timeout(1), `ms` in the API
 * @returns milliseconds
 * @throws SkiffError INVALID_ARGUMENT
 */
export function parseDuration(text: string, plainUnit: 's' | 'ms'): number {
  if (DECIMAL.test(text)) return finite(Number(text) * DURATION_MS[plainUnit]!, text);
  const parts = text.match(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h|d)/g) ?? [];
  if (parts.length === 0 || parts.join('') !== text) throw invalidDuration(text);
  const total = parts.reduce((sum, part) => {
    const unit = /[a-zµ]+$/.exec(part)![0];
    return sum + Number(part.slice(0, -unit.length)) * DURATION_MS[unit]!;
  }, 0);
  return finite(total, text);
}

/**
 * A duration as people read it: `500ms`, `1.5s`, `2m`, `1h30m`.
 *
 * @param ms not negative
 */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms * 1_000) / 1_000}ms`;
  const seconds = Math.round(ms) / 1_000;
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const rest = Math.round((seconds % 60) * 1_000) / 1_000;
  return [hours && `${hours}h`, minutes && `${minutes}m`, rest && `${rest}s`].filter(Boolean).join('');
}

function lastIndexOfAny(text: string, characters: string): number {
  let at = text.length - 1;
  while (at >= 0 && !characters.includes(text[at]!)) at -= 1;
  return at;
}

function finite(ms: number, text: string): number {
  if (!Number.isSafeInteger(Math.ceil(ms))) throw invalidDuration(text);
  return ms;
}

function invalidSize(text: string) {
  return invalidArgument(`invalid size: '${text}'`);
}

function invalidDuration(text: string) {
  return invalidArgument(`invalid duration: '${text}'`, {
    remedy: 'Use a number with a unit, such as 500ms, 1.5s or 1h30m.',
  });
}
