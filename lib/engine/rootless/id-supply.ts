import fs from 'node:fs';
import type { IdSupply } from '../../state';

/** Ids of this process's user namespace that lie in one line of its map. */
interface Part {
  first: number;
  count: number;
}

/**
 * The ids besides root that a namespace below this one can have: of the longest line of /proc/self/uid_map and gid_map
 * each, since a line of the namespace below must lie in one, user_namespaces(7).
 */
export function supplyOfUser(directory = '/proc/self'): IdSupply {
  const [uids, gids] = [longestPart(`${directory}/uid_map`), longestPart(`${directory}/gid_map`)];
  return { uid: uids.first, gid: gids.first, count: Math.min(uids.count, gids.count) };
}

function longestPart(file: string): Part {
  const lines = fs.readFileSync(file, 'latin1').trim().split('\n');
  return lines
    .map(line => withoutRoot(line.trim().split(/\s+/).map(Number)))
    .reduce((longest, part) => (part.count > longest.count ? part : longest));
}

function withoutRoot([inside = 0, , count = 0]: number[]): Part {
  return inside === 0 ? { first: 1, count: count - 1 } : { first: inside, count };
}
