import type { StartOptions } from '../engine/options';
import type { FlagValues } from './flags';
import type { runFlags } from './run-flags';

type Flags = FlagValues<typeof runFlags>;

/** The limits that a container is started with, and that can be changed while it runs. */
export function toLimits(
  flags: Pick<Flags, 'memory' | 'memory-swap' | 'cpus' | 'cpu-shares' | 'cpuset-cpus' | 'pids-limit'>,
): Pick<StartOptions, 'memory' | 'memorySwap' | 'cpus' | 'cpuShares' | 'cpusetCpus' | 'pidsLimit'> {
  return {
    memory: flags.memory,
    memorySwap: flags['memory-swap'],
    cpus: flags.cpus,
    cpuShares: flags['cpu-shares'],
    cpusetCpus: flags['cpuset-cpus'],
    pidsLimit: flags['pids-limit'],
  };
}
