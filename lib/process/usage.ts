import { readProcFile, readProcLink, TICKS_PER_SECOND, type ProcessStat } from './stat';

/** What processes use together, by what /proc tells of each. */
export interface ProcessUsage {
  /** CPU time so far, in microseconds: theirs, and that of all they waited for. */
  cpuUsec: number;
  /** Resident memory; what they share is counted with each. */
  memoryBytes: number;
  /** Processes and threads. */
  pids: number;
  readBytes: number;
  writtenBytes: number;
}

/** The sum over processes; of one that is gone meanwhile, what is known. */
export function usageOf(processes: readonly ProcessStat[]): ProcessUsage {
  const usage: ProcessUsage = { cpuUsec: 0, memoryBytes: 0, pids: 0, readBytes: 0, writtenBytes: 0 };
  for (const process of processes) {
    const ticks = process.utime + process.stime + process.cutime + process.cstime;
    usage.cpuUsec += (ticks * 1e6) / TICKS_PER_SECOND;
    usage.memoryBytes += residentBytes(process.pid);
    usage.pids += process.threads;
    const io = readProcFile(process.pid, 'io') ?? '';
    usage.readBytes += Number(/^read_bytes: (\d+)$/m.exec(io)?.[1] ?? 0);
    usage.writtenBytes += Number(/^write_bytes: (\d+)$/m.exec(io)?.[1] ?? 0);
  }
  return usage;
}

/** A kernel's thread has none. */
function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(readProcFile(pid, 'status') ?? '')?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** Bytes that went through the interfaces of a network namespace. */
export interface NetworkUsage {
  receivedBytes: number;
  sentBytes: number;
}

/**
 * Of the network namespace that a process is in, without loopback.
 *
 * @returns nothing of the host's own namespace: who of all that use it sent what is not known
 */
export function networkUsageOf(pid: number): NetworkUsage {
  const usage = { receivedBytes: 0, sentBytes: 0 };
  const namespace = readProcLink(pid, 'ns/net');
  if (namespace === undefined || namespace === readProcLink('self', 'ns/net')) return usage;
  // `  eth0: 1296 16 0 0 0 0 0 0 816 ...`: 8 fields of receiving, 8 of sending, proc_pid_net(5).
  for (const line of (readProcFile(pid, 'net/dev') ?? '').split('\n').slice(2)) {
    const [name = '', counts = ''] = line.trim().split(/:\s*/);
    if (name === '' || name === 'lo') continue;
    const fields = counts.split(/\s+/).map(Number);
    usage.receivedBytes += fields[0] ?? 0;
    usage.sentBytes += fields[8] ?? 0;
  }
  return usage;
}
