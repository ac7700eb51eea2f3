import { cgroupError } from './errors';
import { readIfThere, type CgroupKernel } from './kernel';
import { requireAvailable } from './cpulist';
import type { DeviceRule } from '../common/resources';
import type { Limits } from './limits';
import type { CgroupCounter, CgroupManager, Placement, Setting } from './manager';
import { SkiffError } from '../common/errors';

/** cgroup v1: each hierarchy for itself; a new cgroup lies in our own. */
export const v1Manager: CgroupManager = {
  place(placement) {
    const problem = v1Manager.problem(placement);
    if (problem) throw problem;
    return placement.hierarchy.own;
  },

  problem({ kernel, hierarchy, controllers }: Placement) {
    const { own, readOnly } = hierarchy;
    if (kernel.writable(own)) return undefined;
    const why = readOnly ? 'EROFS: read-only file system' : 'EACCES: permission denied';
    const cause = new SkiffError(why, { code: readOnly ? 'EROFS' : 'EACCES' });
    return cgroupError(`cannot limit ${controllers.join(', ')}`, own, cause);
  },

  settings(kernel, limits, parent, carried) {
    return [
      ...memorySettings(limits),
      ...cpuSettings(limits),
      ...(carried.includes('cpuset') ? cpusetSettings(kernel, limits, parent) : []),
      ...(limits.pids ? [{ file: 'pids.max', value: String(limits.pids.limit), what: 'pids limit' }] : []),
      ...(limits.devices ?? []).map(deviceSetting),
    ];
  },

  counters({ path, controllers }) {
    const of = (name: string, counters: CgroupCounter[]) => (controllers.includes(name) ? counters : []);
    return [
      ...of('memory', [
        { stat: 'memoryPeakBytes', file: `${path}/memory.max_usage_in_bytes` },
        { stat: 'oomKills', file: `${path}/memory.oom_control`, key: 'oom_kill' },
      ]),
      ...of('cpuacct', [{ stat: 'cpuUsec', file: `${path}/cpuacct.usage`, per: 1000 }]),
      ...of('pids', [
        { stat: 'pidsPeak', file: `${path}/pids.peak` },
        { stat: 'pidsDenied', file: `${path}/pids.events`, key: 'max' },
      ]),
    ];
  },
};

/** Documentation/admin-guide/cgroup-v1/devices.rst; each write adds to what was written before. */
function deviceSetting({ allow, type = 'a', major = -1, minor = -1, access = 'rwm' }: DeviceRule): Setting {
  const number = (value: number) => (value < 0 ? '*' : String(value));
  return {
    file: allow ? 'devices.allow' : 'devices.deny',
    value: type === 'a' ? 'a' : `${type} ${number(major)}:${number(minor)} ${access}`,
    what: 'device rule',
  };
}

/** memsw counts memory and swap together and may never be below the limit of memory: that one comes first. */
function memorySettings({ memory }: Limits): Setting[] {
  if (!memory) return [];
  const settings = [{ file: 'memory.limit_in_bytes', value: String(memory.limit), what: 'memory limit' }];
  if (memory.swap === undefined) return settings;
  const swap: Setting = {
    file: 'memory.memsw.limit_in_bytes',
    value: String(memory.swap),
    what: 'limit of memory and swap',
    optional: !memory.swapAsked,
    remedy: 'This kernel counts no swap: boot with swapaccount=1, or leave the swap limit out.',
  };
  return [...settings, swap];
}

/** A quota is judged against its period, so the period comes first. */
function cpuSettings({ cpu = {} }: Limits): Setting[] {
  const settings: [file: string, value: number | undefined, what: string][] = [
    ['cpu.shares', cpu.shares, 'CPU shares'],
    ['cpu.cfs_period_us', cpu.period, 'CPU period'],
    ['cpu.cfs_quota_us', cpu.quota, 'CPU quota'],
  ];
  return settings.flatMap(([file, value, what]) =>
    value === undefined ? [] : [{ file, value: String(value), what }],
  );
}

/** A v1 cpuset starts empty, and no process can join it until both of its lists are filled. */
function cpusetSettings(kernel: CgroupKernel, { cpuset = {} }: Limits, parent: string): Setting[] {
  const lists = [
    ['cpus', 'CPUs', cpuset.cpus],
    ['mems', 'memory nodes', cpuset.mems],
  ] as const;
  return lists.map(([name, what, asked]) => {
    const available =
      readIfThere(kernel, `${parent}/cpuset.effective_${name}`) ?? kernel.read(`${parent}/cpuset.${name}`);
    if (asked !== undefined) requireAvailable(what, asked, available);
    return { file: `cpuset.${name}`, value: asked ?? available.trim(), what };
  });
}
