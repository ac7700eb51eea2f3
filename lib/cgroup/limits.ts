import { invalidArgument } from '../common/errors';
import type { DeviceRule, Resources } from '../common/resources';
import type { LimitController } from './types';

/** What is really to be limited: members that mean "no limit" or "not given" are gone. */
export interface Limits {
  memory?: {
    /** Bytes. */
    limit: number;
    /** Bytes of memory and swap together; undefined where the caller asked for no limit of it. */
    swap?: number;
    /** The caller named the swap limit; else it is the default, and a kernel that counts no swap is fine. */
    swapAsked: boolean;
  };
  cpu?: { shares?: number; quota?: number; period?: number };
  cpuset?: { cpus?: string; mems?: string };
  pids?: { limit: number };
  devices?: DeviceRule[];
}

/**
 * Sort the spec's resources by controller.
 *
 * @throws SkiffError INVALID_ARGUMENT where they contradict each other
 */
export function limitsOf(resources: Resources): Limits {
  const { cpu = {}, pids } = resources;
  const limits: Limits = {};
  const memory = memoryLimits(resources.memory);
  if (memory) limits.memory = memory;
  const { shares, quota, period, cpus, mems } = cpu;
  if (given(shares) || given(quota) || given(period)) {
    limits.cpu = { shares: positive(shares), quota: positive(quota), period: positive(period) };
  }
  if (cpus || mems) limits.cpuset = { cpus: cpus || undefined, mems: mems || undefined };
  if (pids && given(pids.limit)) limits.pids = { limit: pids.limit };
  if (resources.devices?.length) limits.devices = resources.devices;
  return limits;
}

/** The controllers that limits need, in the order in which they are set. */
export function controllersOf(limits: Limits): LimitController[] {
  return (['memory', 'cpu', 'cpuset', 'pids', 'devices'] as const).filter(name => limits[name] !== undefined);
}

/** With a memory limit alone, swap may take as much again: Docker's default of `--memory-swap`. */
function memoryLimits(memory: Resources['memory']): Limits['memory'] {
  const { limit, swap } = memory ?? {};
  if (!given(limit)) {
    if (given(swap)) {
      throw invalidArgument('cannot limit swap: a limit of memory and swap needs a memory limit too', {
        remedy: 'Give the memory limit as well (-m).',
      });
    }
    return undefined;
  }
  if (swap === undefined || swap === 0) return { limit, swap: limit * 2, swapAsked: false };
  if (swap < 0) return { limit, swapAsked: true };
  if (swap < limit) {
    throw invalidArgument(
      `cannot limit swap: ${swap} bytes of memory and swap together are less than the memory limit of ${limit} bytes`,
      {
        remedy:
          'The swap limit counts memory and swap together: make it as large as the memory limit, or larger.',
      },
    );
  }
  return { limit, swap, swapAsked: true };
}

function given(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

function positive(value: number | undefined): number | undefined {
  return given(value) ? value : undefined;
}
