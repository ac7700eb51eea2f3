import { invalidArgument } from '../common/errors';
import { parseSize } from '../common/units';

export interface RestartOption {
  name: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  /** Restarts at most; 0: no limit. */
  maximum: number;
}

/** Docker's `local` log driver keeps as much. */
const DEFAULT_LOG = { maxSize: 20 * 1024 * 1024, maxFiles: 5 };

/**
 * `no`, `on-failure[:N]`, `always`, `unless-stopped`.
 *
 * @throws SkiffError INVALID_ARGUMENT, with Docker's wording
 */
export function parseRestart(given = 'no'): RestartOption {
  const [name = '', count, ...rest] = given.split(':');
  if (rest.length > 0) throw invalidArgument(`invalid restart policy format: ${given}`);
  switch (name) {
    case '':
    case 'no':
    case 'always':
    case 'unless-stopped':
      if (count === undefined) return { name: name || 'no', maximum: 0 };
      throw invalidArgument(
        `invalid restart policy: maximum retry count can only be used with 'on-failure': ${given}`,
      );
    case 'on-failure':
      if (count !== undefined && !/^\d{1,9}$/.test(count)) {
        throw invalidArgument(`invalid restart policy: maximum retry count must be an integer: ${given}`);
      }
      return { name, maximum: Number(count ?? 0) };
    default:
      throw invalidArgument(
        `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}

/**
 * How much of a container's output is kept.
 *
 * @returns bytes of a file (0: no limit), and files (0: nothing is kept)
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toLogLimits(log: false | { maxSize?: number | string; maxFiles?: number } | undefined): {
  maxSize: number;
  maxFiles: number;
} {
  if (log === false) return { maxSize: 0, maxFiles: 0 };
  const { maxSize = DEFAULT_LOG.maxSize, maxFiles = DEFAULT_LOG.maxFiles } = log ?? {};
  // Docker's -1: no limit.
  const bytes = typeof maxSize === 'number' ? maxSize : maxSize === '-1' ? 0 : parseSize(maxSize);
  if (!Number.isInteger(maxFiles) || maxFiles < 1 || maxFiles > 1000) {
    throw invalidArgument(`invalid log option: max-file cannot be ${maxFiles}`, {
      remedy: 'It is a number from 1 to 1000.',
    });
  }
  return { maxSize: Math.max(0, bytes), maxFiles };
}

/** The same from the command line: `max-size=10m`, `max-file=3`. */
export function parseLogOptions(
  driver: string | undefined,
  entries: readonly string[],
): false | { maxSize?: string; maxFiles?: number } | undefined {
  if (driver === 'none') return false;
  if (driver !== undefined && driver !== 'k8s-file') {
    throw invalidArgument(`unknown log driver: ${driver}`, {
      remedy: 'Known are k8s-file (the default) and none.',
    });
  }
  const log: { maxSize?: string; maxFiles?: number } = {};
  for (const entry of entries) {
    const [name, ...value] = entry.split('=');
    if (name === 'max-size' && value.length > 0) log.maxSize = value.join('=');
    else if (name === 'max-file' && value.length > 0) log.maxFiles = Number(value.join('='));
    else
      throw invalidArgument(`unknown log opt '${name}' for k8s-file log driver`, {
        remedy: 'Known are max-size and max-file.',
      });
  }
  return entries.length > 0 ? log : undefined;
}
