import fs from 'node:fs';
import os from 'node:os';
import { gatherFacts } from '../engine/doctor';
import { initPath } from '../engine';

/** What figures depend on, so that they can be compared at all. */
export interface Machine {
  kernel: string;
  cpu: string;
  cores: number;
  memoryBytes: number;
  /** Of the directory that the containers are in. */
  fileSystem: string;
  storageDriver: string;
  cgroups: string;
  node: string;
  /** Processes that wanted a core during the last minute, before the benchmark began. */
  load: number;
  date: string;
}

/**
 * Describe this machine.
 *
 * @param options.root where the containers are
 * @param options.storageDriver the driver that they use
 */
export async function describeMachine(options: { root: string; storageDriver: string }): Promise<Machine> {
  const facts = await gatherFacts(initPath());
  const [first] = os.cpus();
  return {
    kernel: facts.kernel,
    cpu: first?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    fileSystem: fileSystemOf(options.root),
    storageDriver: options.storageDriver,
    cgroups: facts.cgroups.mode,
    node: process.version,
    load: os.loadavg()[0]!,
    date: new Date().toISOString(),
  };
}

/** The type of the mount that a directory is on: the last one of the longest mount point above it. */
export function fileSystemOf(directory: string, mountinfo = readMountinfo()): string {
  let best = { mountPoint: '', type: 'unknown' };
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const mountPoint = before?.split(' ')[4]?.replace(/\\(\d{3})/g, (_, digits: string) => fromOctal(digits));
    const type = after?.split(' ')[0];
    if (mountPoint === undefined || type === undefined || !isBelow(directory, mountPoint)) continue;
    if (mountPoint.length >= best.mountPoint.length) best = { mountPoint, type };
  }
  return best.type;
}

function isBelow(directory: string, mountPoint: string): boolean {
  return mountPoint === '/' || directory === mountPoint || directory.startsWith(`${mountPoint}/`);
}

/** mountinfo writes blanks, tabs, newlines and backslashes as three octal digits, proc_pid_mountinfo(5). */
function fromOctal(digits: string): string {
  return String.fromCharCode(parseInt(digits, 8));
}

function readMountinfo(): string {
  return fs.readFileSync('/proc/self/mountinfo', 'utf8');
}
