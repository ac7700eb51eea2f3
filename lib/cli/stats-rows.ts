import type { ContainerStats } from '../engine/stats';
import { binarySize, decimalSize } from './human';
import type { Listing } from './listing';

const SHORT_ID = 12;

/** The fields of `stats --format`, with Docker's names and heads. */
export const statsListing: Listing = {
  heads: {
    BlockIO: 'BLOCK I/O',
    CPUPerc: 'CPU %',
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    MemPerc: 'MEM %',
    MemUsage: 'MEM USAGE / LIMIT',
    Name: 'NAME',
    NetIO: 'NET I/O',
    PIDs: 'PIDS',
  },
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
};

/** What a container uses, as `docker stats` shows it: memory in steps of 1,024, transfers in steps of 1,000. */
export function statsRow(stats: ContainerStats, { full }: { full: boolean }) {
  const id = full ? stats.id : stats.id.slice(0, SHORT_ID);
  return {
    BlockIO: pair(stats.readBytes, stats.writtenBytes, decimalSize),
    CPUPerc: `${stats.cpuPercent.toFixed(2)}%`,
    Container: id,
    ID: id,
    MemPerc: `${stats.memoryPercent.toFixed(2)}%`,
    MemUsage: pair(stats.memoryBytes, stats.memoryLimitBytes, binarySize),
    Name: stats.name,
    NetIO: pair(stats.receivedBytes, stats.sentBytes, decimalSize),
    PIDs: String(stats.pids),
  };
}

function pair(one: number, other: number, format: (bytes: number) => string): string {
  return `${format(one)} / ${format(other)}`;
}

/** A screen's text that is written over the one before: from the first line, each to its end, and nothing below. */
export function redrawn(text: string): string {
  return `\x1b[H${text.replace(/\n/g, '\x1b[K\n')}\x1b[J`;
}
