import fs from 'node:fs';
import os from 'node:os';

/** Ids of the host that a user may map into a user namespace. */
export interface IdRange {
  first: number;
  count: number;
}

/** A line of /proc/PID/uid_map, user_namespaces(7). */
export interface IdMapping {
  inside: number;
  outside: number;
  count: number;
}

/**
 * A user's ranges in a file of `name:first:count` lines, where the name may be a uid; subuid(5).
 *
 * @param names the user's name and uid
 */
export function parseRanges(text: string, names: readonly string[]): IdRange[] {
  return text.split('\n').flatMap(line => {
    const [owner = '', first, count] = line.trim().split(':');
    if (!names.includes(owner) || !isNumber(first) || !isNumber(count) || Number(count) === 0) return [];
    return [{ first: Number(first), count: Number(count) }];
  });
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text);
}

/** The user is root, and the ids from 1 on are the ranges, one behind the other. */
export function toMappings(id: number, ranges: readonly IdRange[]): IdMapping[] {
  const mappings: IdMapping[] = [{ inside: 0, outside: id, count: 1 }];
  let inside = 1;
  for (const { first, count } of ranges) {
    mappings.push({ inside, outside: first, count });
    inside += count;
  }
  return mappings;
}

/**
 * All ids of a user namespace, each for itself, in a namespace below it.
 *
 * @param map /proc/self/uid_map of the outer one, user_namespaces(7)
 */
export function toSame(map: string): string {
  const lines = map.trim().split('\n');
  return lines
    .map(line => line.trim().split(/\s+/))
    .map(([inside, , count]) => `${inside} ${inside} ${count}\n`)
    .join('');
}

/** The ranges of this user in /etc/subuid and /etc/subgid. */
export function ownRanges(uid: number): { uids: IdRange[]; gids: IdRange[] } {
  return rangesOf([String(uid), ...nameOf()]);
}

/** The same of the user who has these names. */
export function rangesOf(names: readonly string[]): { uids: IdRange[]; gids: IdRange[] } {
  return { uids: rangesIn('/etc/subuid', names), gids: rangesIn('/etc/subgid', names) };
}

function rangesIn(file: string, names: readonly string[]): IdRange[] {
  try {
    return parseRanges(fs.readFileSync(file, 'utf8'), names);
  } catch {
    // Most machines have them, and who has none has no ranges.
    return [];
  }
}

function nameOf(): string[] {
  try {
    return [os.userInfo().username];
  } catch {
    // A uid without an account has no name.
    return [];
  }
}
