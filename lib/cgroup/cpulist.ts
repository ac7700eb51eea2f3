import { invalidArgument, SkiffError } from '../common/errors';

/** More than any kernel is built for; it bounds the work of reading a range such as `0-4000000000`. */
const MAX_NUMBER = 1 << 16;

/**
 * Read a list of CPUs or memory nodes in the list format of cpuset(7): `0-2,4`.
 *
 * @throws SkiffError INVALID_ARGUMENT for anything else
 */
export function parseCpuList(list: string): Set<number> {
  const numbers = new Set<number>();
  for (const part of list.trim().split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first || last >= MAX_NUMBER) {
      throw invalidArgument(`not a list of numbers and ranges such as 0-2,4: ${JSON.stringify(list)}`);
    }
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return numbers;
}

/**
 * Refuse what the cgroup above does not have. cgroup v2 would take such a list silently and run the container
 * on other CPUs.
 *
 * @param what `CPUs` or `memory nodes`
 * @param available the list of the cgroup above, as the kernel wrote it
 * @throws SkiffError INVALID_ARGUMENT that names both lists
 */
export function requireAvailable(what: string, asked: string, available: string): void {
  const have = parseCpuList(available);
  if ([...parseCpuList(asked)].every(number => have.has(number))) return;
  throw new SkiffError(`cannot limit ${what} to ${asked}: only ${available.trim()} can be used here`, {
    code: 'INVALID_ARGUMENT',
    remedy: `Ask for ${what} out of ${available.trim()}.`,
  });
}
