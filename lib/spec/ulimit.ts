import { invalidArgument } from '../common/errors';
import { RLIMITS } from './plan';
import type { Rlimit } from './types';

/** "No limit" in {@link Rlimit}: what JSON makes of the OCI spec's 18446744073709551615. */
export const RLIM_INFINITY = 2 ** 64;

/** The names that Docker takes. */
const NAMES: readonly string[] = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/**
 * Read `name=soft[:hard]` by Docker's rules; -1 is no limit, and without `hard` both are the same.
 *
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function parseUlimit(text: string): Rlimit {
  const equals = text.indexOf('=');
  if (equals === -1) throw invalidArgument(`invalid ulimit argument: ${text}`);
  const name = text.slice(0, equals);
  const values = text.slice(equals + 1);
  if (!NAMES.includes(name)) {
    throw invalidArgument(`invalid ulimit type: ${name}`, { remedy: `Known are ${NAMES.join(', ')}.` });
  }
  const limits = values.split(':');
  if (limits.length > 2) {
    throw invalidArgument(
      `too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``,
    );
  }
  const [soft, hard = soft] = limits.map(parseLimit) as [number, number?];
  if (soft > hard) {
    throw invalidArgument(
      soft === RLIM_INFINITY
        ? `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`
        : `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  }
  return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
}

/** All of them, in the order of their first mention; of two of one name the last counts. */
export function parseUlimits(texts: readonly string[]): Rlimit[] {
  return [...new Map(texts.map(text => parseUlimit(text)).map(limit => [limit.type, limit])).values()];
}

/** The limits of a process, from its /proc/PID/limits: a line for each in the order of their numbers, proc_pid_limits(5). */
export function parseLimits(content: string): Rlimit[] {
  const types = Object.keys(RLIMITS);
  // Names have blanks in them, so columns are told by their width.
  const rows = content.split('\n').filter(line => line.startsWith('Max '));
  return rows.slice(0, types.length).map((row, number) => {
    const [soft = '', hard = ''] = row.slice(26).split(/\s+/);
    return { type: types[number]!, soft: kernelLimit(soft), hard: kernelLimit(hard) };
  });
}

function kernelLimit(text: string): number {
  return text === 'unlimited' ? RLIM_INFINITY : Number(text);
}

function parseLimit(text: string): number {
  const value = Number(text);
  if (text === '-1') return RLIM_INFINITY;
  if (!/^\+?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalidArgument(`invalid ulimit value: ${JSON.stringify(text)}`, {
      remedy: 'A limit is a whole number, or -1 for no limit.',
    });
  }
  return value;
}
