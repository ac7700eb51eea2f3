import { SkiffError } from '../common/errors';
import type { ListFlag } from './flags';

/** One `--filter key=value`. */
export interface Filter {
  key: string;
  value: string;
}

/** The flag `--filter`, to be given again and again: of a key's values one has to fit, of `label` all. */
export function filterFlag(keys: readonly string[]): ListFlag<Filter> {
  return {
    type: 'option',
    multiple: true,
    char: 'f',
    helpValue: '<key=value>',
    values: keys.map(key => `${key}=`),
    summary: `Only those that fit: ${keys.join(', ')}`,
    parse: parseFilter,
  };
}

/** @throws Error in Docker's words */
export function parseFilter(given: string): Filter {
  const equals = given.indexOf('=');
  if (equals === -1) throw new Error('bad format of filter (expected name=value)');
  return { key: given.slice(0, equals).trim().toLowerCase(), value: given.slice(equals + 1).trim() };
}

/**
 * The values of each key.
 *
 * @param keys that the command knows
 * @throws SkiffError INVALID_FILTER, exit code 1, in Docker's words
 */
export function groupFilters(filters: readonly Filter[], keys: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { key, value } of filters) {
    if (!keys.includes(key)) throw invalidFilter(key, keys);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups;
}

/** A filter's value that can not be one. */
export function invalidFilterValue(key: string, value: string, remedy?: string): SkiffError {
  return new SkiffError(`invalid filter '${key}=${value}'`, { code: 'INVALID_FILTER', exitCode: 1, remedy });
}

function invalidFilter(key: string, keys: readonly string[]): SkiffError {
  const remedy = `There is ${keys.join(', ')}.`;
  return new SkiffError(`invalid filter '${key}'`, { code: 'INVALID_FILTER', exitCode: 1, remedy });
}
