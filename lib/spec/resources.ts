import type { SecurityModules } from './security-labels';
import { invalidArgument } from '../common/errors';
import { parseSize } from '../common/units';
import { checkCpuset } from './cpuset';
import type { Resources } from './types';

/** Length of a CPU quota's period in microseconds, the kernel's and Docker's default. */
const CPU_PERIOD = 100_000;
const MIN_MEMORY = 6 * 1024 * 1024;

export interface ResourceOptions {
  memory?: number | string;
  memorySwap?: number | string;
  cpus?: number;
  cpuShares?: number;
  cpusetCpus?: string;
  pidsLimit?: number;
}

/** What of this machine decides about limits. */
export interface Machine {
  /** How many CPUs are online. */
  cpuCount: number;
  /** Those that this process may use: `Cpus_allowed_list` of /proc/self/status. */
  allowedCpus: string;
  /** The kernel can limit swap: without it `memory` alone sets no swap limit. */
  swapLimit?: boolean;
  /** All that this process could hand on, as the kernel's bit mask. */
  capabilities?: bigint;
  /** Which kinds of labels its kernel has; none where not given. */
  securityModules?: SecurityModules;
}

/**
 * Limits in the OCI spec's units.
 *
 * @throws SkiffError INVALID_ARGUMENT with the Docker daemon's wording
 */
export function toResources(options: ResourceOptions, machine: Machine): Resources {
  const memory = toMemory(options, machine);
  const cpu = toCpu(options, machine);
  const pids = toPids(options.pidsLimit);
  return { ...(memory && { memory }), ...(cpu && { cpu }), ...(pids && { pids }) };
}

function toMemory(options: ResourceOptions, machine: Machine): Resources['memory'] {
  const limit = bytes(options.memory, 'memory');
  const swap =
    options.memorySwap === -1 || options.memorySwap === '-1' ? -1 : bytes(options.memorySwap, 'memorySwap');
  if (!limit) {
    if (swap !== undefined && swap > 0) {
      throw invalidArgument('You should always set the Memory limit when using Memoryswap limit, see usage');
    }
    return undefined;
  }
  if (limit < MIN_MEMORY) throw invalidArgument('Minimum memory limit allowed is 6MB');
  if (swap !== undefined && swap > 0 && swap < limit) {
    throw invalidArgument('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  // Docker's default: as much swap as memory.
  const total = swap || (machine.swapLimit ? limit * 2 : undefined);
  return { limit, ...(total !== undefined && { swap: total }) };
}

function toCpu(options: ResourceOptions, machine: Machine): Resources['cpu'] {
  const { cpus = 0, cpuShares = 0, cpusetCpus = '' } = options;
  if (!(cpus === 0 || (cpus >= 0.01 && cpus <= machine.cpuCount))) {
    throw invalidArgument(
      `Range of CPUs is from 0.01 to ${machine.cpuCount}.00, as there are only ${machine.cpuCount} CPUs available`,
    );
  }
  if (cpuShares !== 0) checkShares(cpuShares);
  const cpu: Resources['cpu'] = {
    ...(cpus > 0 && { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD }),
    ...(cpuShares > 0 && { shares: cpuShares }),
    ...(cpusetCpus !== '' && { cpus: checkCpuset(cpusetCpus, machine.allowedCpus) }),
  };
  return Object.keys(cpu).length === 0 ? undefined : cpu;
}

function checkShares(shares: number): void {
  if (!Number.isInteger(shares)) throw invalidArgument(`invalid CPU shares: ${shares}`);
  if (shares < 2) throw invalidArgument('The minimum allowed cpu-shares is 2');
  if (shares > 262_144) throw invalidArgument('The maximum allowed cpu-shares is 262144');
}

function toPids(limit: number | undefined): Resources['pids'] {
  if (limit === undefined || limit === 0 || limit === -1) return undefined;
  if (!Number.isSafeInteger(limit) || limit < -1) {
    throw invalidArgument(`invalid PIDs limit: ${limit}`, {
      remedy: 'It is a whole number of processes and threads; 0 or -1 is no limit.',
    });
  }
  return { limit };
}

function bytes(value: number | string | undefined, option: string): number | undefined {
  if (typeof value === 'string') return parseSize(value);
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
    throw invalidArgument(`invalid ${option}: ${value}: a whole number of bytes is needed`);
  }
  return value;
}
