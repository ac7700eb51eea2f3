import { hostKernel, readIfThere, type CgroupKernel } from './kernel';
import { flatKey, numberIn } from './stat';

/** What a container's cgroup uses now. A member is missing where none of its directories counts it. */
export interface CgroupUsage {
  /** CPU time so far, in microseconds. */
  cpuUsec?: number;
  /** Without the page cache that could be dropped, as Docker tells it. */
  memoryBytes?: number;
  /** Missing where there is none. */
  memoryLimitBytes?: number;
  /** Processes and threads. */
  pids?: number;
  readBytes?: number;
  writtenBytes?: number;
}

/** v1 without a limit: the largest number of pages, in bytes. */
const NO_LIMIT = 2 ** 62;

/**
 * Read what the kernel counts. Which version and controllers a directory has is told by the files in it.
 *
 * @param paths absolute directories, as the container's record has them; they may be gone
 */
export function readCgroupUsage(paths: readonly string[], kernel: CgroupKernel = hostKernel): CgroupUsage {
  const usage: CgroupUsage = {};
  for (const path of paths) {
    const found =
      readIfThere(kernel, `${path}/cgroup.controllers`) === undefined
        ? ofV1(path, kernel)
        : ofV2(path, kernel);
    for (const [name, value] of Object.entries(found) as [keyof CgroupUsage, number | undefined][]) {
      usage[name] ??= value;
    }
  }
  return usage;
}

function ofV1(path: string, kernel: CgroupKernel): CgroupUsage {
  const cpu = numberIn(kernel, `${path}/cpuacct.usage`);
  const limit = numberIn(kernel, `${path}/memory.limit_in_bytes`);
  const stat = `${path}/memory.stat`;
  return {
    cpuUsec: cpu === undefined ? undefined : cpu / 1000,
    memoryBytes: less(numberIn(kernel, `${path}/memory.usage_in_bytes`), () =>
      flatKey(kernel, stat, 'total_inactive_file'),
    ),
    memoryLimitBytes: limit !== undefined && limit < NO_LIMIT ? limit : undefined,
    pids: numberIn(kernel, `${path}/pids.current`),
    // `8:0 Read 4096`, and a line `Total` at the end.
    ...ioOf(readIfThere(kernel, `${path}/blkio.throttle.io_service_bytes`), / Read (\d+)/g, / Write (\d+)/g),
  };
}

function ofV2(path: string, kernel: CgroupKernel): CgroupUsage {
  return {
    cpuUsec: flatKey(kernel, `${path}/cpu.stat`, 'usage_usec'),
    memoryBytes: less(numberIn(kernel, `${path}/memory.current`), () =>
      flatKey(kernel, `${path}/memory.stat`, 'inactive_file'),
    ),
    // `max` where there is none.
    memoryLimitBytes: numberIn(kernel, `${path}/memory.max`),
    pids: numberIn(kernel, `${path}/pids.current`),
    // `8:0 rbytes=4096 wbytes=0 rios=1 ...`
    ...ioOf(readIfThere(kernel, `${path}/io.stat`), /\brbytes=(\d+)/g, /\bwbytes=(\d+)/g),
  };
}

function less(bytes: number | undefined, cache: () => number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.max(0, bytes - (cache() ?? 0));
}

function ioOf(text: string | undefined, read: RegExp, written: RegExp): CgroupUsage {
  if (text === undefined) return {};
  const sum = (pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return { readBytes: sum(read), writtenBytes: sum(written) };
}
