import { requireAvailable } from './cpulist';
import { readIfThere, type CgroupKernel } from './kernel';
import type { Limits } from './limits';
import type { CgroupCounter, CgroupManager, Setting } from './manager';
import { findPlace } from './placement';
import { weightOfShares } from './weight';

/** The kernel's default CPU period, which `cpu.max` needs where only a quota was given. */
const DEFAULT_PERIOD = 100_000;

/** cgroup v2: one tree, whose controllers are handed down by `cgroup.subtree_control`. */
export const v2Manager: CgroupManager = {
  place(placement) {
    const found = findPlace(placement, { change: true });
    if (typeof found !== 'string') throw found;
    return found;
  },

  problem(placement) {
    const found = findPlace(placement, { change: false });
    return typeof found === 'string' ? undefined : found;
  },

  settings(kernel, limits, parent) {
    return [
      ...memorySettings(limits),
      ...cpuSettings(limits),
      ...cpusetSettings(kernel, limits, parent),
      ...(limits.pids ? [{ file: 'pids.max', value: String(limits.pids.limit), what: 'pids limit' }] : []),
    ];
  },

  counters({ path, controllers }) {
    const of = (name: string, counters: CgroupCounter[]) => (controllers.includes(name) ? counters : []);
    return [
      ...of('memory', [
        { stat: 'memoryPeakBytes', file: `${path}/memory.peak` },
        // `oom` counts how often the limit was hit with nothing left to reclaim, killed or not.
        { stat: 'oomKills', file: `${path}/memory.events`, key: 'oom_kill' },
      ]),
      // Every v2 cgroup counts CPU time, also without the cpu controller.
      { stat: 'cpuUsec', file: `${path}/cpu.stat`, key: 'usage_usec' },
      ...of('pids', [
        { stat: 'pidsPeak', file: `${path}/pids.peak` },
        { stat: 'pidsDenied', file: `${path}/pids.events`, key: 'max' },
      ]),
    ];
  },
};

/** v2 counts swap for itself: the spec's sum less the memory limit. */
function memorySettings({ memory }: Limits): Setting[] {
  if (!memory) return [];
  const settings = [{ file: 'memory.max', value: String(memory.limit), what: 'memory limit' }];
  if (memory.swap === undefined) return settings;
  const swap: Setting = {
    file: 'memory.swap.max',
    value: String(memory.swap - memory.limit),
    what: 'swap limit',
    optional: !memory.swapAsked,
    remedy: 'This kernel counts no swap: boot with swapaccount=1, or leave the swap limit out.',
  };
  return [...settings, swap];
}

function cpuSettings({ cpu }: Limits): Setting[] {
  if (!cpu) return [];
  const settings: Setting[] = [];
  if (cpu.shares !== undefined) {
    settings.push({ file: 'cpu.weight', value: String(weightOfShares(cpu.shares)), what: 'CPU weight' });
  }
  if (cpu.quota !== undefined || cpu.period !== undefined) {
    const value = `${cpu.quota ?? 'max'} ${cpu.period ?? DEFAULT_PERIOD}`;
    settings.push({ file: 'cpu.max', value, what: 'CPU quota' });
  }
  return settings;
}

function cpusetSettings(kernel: CgroupKernel, { cpuset = {} }: Limits, parent: string): Setting[] {
  const lists = [
    ['cpus', 'CPUs', cpuset.cpus],
    ['mems', 'memory nodes', cpuset.mems],
  ] as const;
  return lists.flatMap(([name, what, asked]) => {
    if (asked === undefined) return [];
    const available = readIfThere(kernel, `${parent}/cpuset.${name}.effective`);
    if (available !== undefined) requireAvailable(what, asked, available);
    return [{ file: `cpuset.${name}`, value: asked, what }];
  });
}
