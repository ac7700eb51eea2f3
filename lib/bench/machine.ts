import os from 'node:os';
import { gatherFacts } from '../engine/doctor';
import { initPath } from '../engine';
import { fileSystemOf } from './mountinfo';

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
