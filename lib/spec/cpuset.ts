import { invalidArgument } from '../common/errors';

/** Larger than any kernel's NR_CPUS: a range can not be used to fill the memory. */
const HIGHEST_CPU = 8191;

/**
 * Read the list format of cpuset(7): `0-2,4`.
 *
 * @returns the numbers, sorted, each once
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function parseCpuset(text: string): number[] {
  const invalid = () => invalidArgument(`Invalid value ${text} for cpuset cpus`);
  const cpus = new Set<number>();
  for (const part of text.split(',')) {
    const range = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (!range) throw invalid();
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (first > last || last > HIGHEST_CPU) throw invalid();
    for (let cpu = first; cpu <= last; cpu += 1) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** The shortest list for these numbers, `0-2,4`. */
export function formatCpuset(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of [...new Set(cpus)].sort((a, b) => a - b)) {
    const open = ranges.at(-1);
    if (open && open[1] === cpu - 1) open[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/**
 * Refuse CPUs that this process may not use itself.
 *
 * @param asked what the user wrote
 * @param available `Cpus_allowed_list` of /proc/self/status
 */
export function checkCpuset(asked: string, available: string): string {
  const allowed = new Set(parseCpuset(available));
  if (parseCpuset(asked).some(cpu => !allowed.has(cpu))) {
    throw invalidArgument(`Requested CPUs are not available - requested ${asked}, available: ${available}`);
  }
  return asked;
}
