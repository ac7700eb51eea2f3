import { createCgroup, recordedCgroup } from '../../lib/cgroup';
import { openCgroup } from '../../lib/cgroup/cgroup';
import type { Resources } from '../../lib/common/resources';
import { failure } from './failure';
import { hybridMachine, v1Machine, v2Machine, type Machine } from './machines';

const ALL: Resources = {
  memory: { limit: 67_108_864 },
  cpu: { shares: 2000, quota: 50_000, period: 100_000, cpus: '1-2', mems: '0' },
  pids: { limit: 20 },
};

function create({ kernel, setup }: Machine, resources: Resources, usage = false) {
  kernel.writes.length = 0;
  return createCgroup({ setup, id: 'c1', resources, usage, kernel });
}

function leftDirectories({ kernel }: Machine): string[] {
  return [...kernel.directories].filter(directory => directory.includes('skiff-'));
}

describe('on v1', () => {
  const base = '/sys/fs/cgroup';

  it('writes every limit into the hierarchy that carries it, in an order that the kernel takes', () => {
    const machine = v1Machine();
    const cgroup = create(machine, ALL);
    expect(machine.kernel.writes).toEqual([
      `${base}/memory/jobs/a/skiff-c1/memory.limit_in_bytes=67108864`,
      `${base}/memory/jobs/a/skiff-c1/memory.memsw.limit_in_bytes=134217728`,
      `${base}/cpu,cpuacct/jobs/a/skiff-c1/cpu.shares=2000`,
      `${base}/cpu,cpuacct/jobs/a/skiff-c1/cpu.cfs_period_us=100000`,
      `${base}/cpu,cpuacct/jobs/a/skiff-c1/cpu.cfs_quota_us=50000`,
      `${base}/cpuset/jobs/a/skiff-c1/cpuset.cpus=1-2`,
      `${base}/cpuset/jobs/a/skiff-c1/cpuset.mems=0`,
      `${base}/pids/jobs/a/skiff-c1/pids.max=20`,
    ]);
    expect(cgroup?.paths).toHaveLength(4);
    expect(cgroup?.procsFiles[0]).toBe(`${base}/memory/jobs/a/skiff-c1/cgroup.procs`);
  });

  it('fills the half of a cpuset that nobody asked for from the cgroup above', () => {
    const machine = v1Machine();
    create(machine, { cpu: { mems: '0' } });
    expect(machine.kernel.writes).toEqual([
      `${base}/cpuset/jobs/a/skiff-c1/cpuset.cpus=0-3`,
      `${base}/cpuset/jobs/a/skiff-c1/cpuset.mems=0`,
    ]);
  });

  it('touches nothing but the hierarchy that is asked for, and none for no limit', () => {
    const machine = v1Machine();
    expect(create(machine, { pids: { limit: 5 } })?.paths).toEqual([`${base}/pids/jobs/a/skiff-c1`]);
    expect(leftDirectories(machine)).toHaveLength(1);
    expect(create(v1Machine(), {})).toBeNull();
    expect(create(v1Machine(), { pids: { limit: -1 }, memory: { limit: -1 } })).toBeNull();
  });

  it('counts memory without limits where usage is asked for, and touches nothing else', () => {
    const cgroup = create(v1Machine(), {}, true);
    expect(cgroup?.stat()).toEqual({ memoryPeakBytes: 4096, oomKills: 0 });
    expect(cgroup?.paths).toHaveLength(1);
  });

  it('leaves out the default swap limit, not an asked one, on a kernel that counts no swap', () => {
    const machine = v1Machine();
    machine.kernel.faults.set('memory.memsw.limit_in_bytes', 'ENOENT');
    expect(create(machine, { memory: { limit: 4096 } })).not.toBeNull();
    const other = v1Machine();
    other.kernel.faults.set('memory.memsw.limit_in_bytes', 'ENOENT');
    const error = failure(() => create(other, { memory: { limit: 4096, swap: 4096 } }));
    expect(error).toMatchObject({ code: 'ENOENT', remedy: expect.stringContaining('swapaccount=1') });
    expect(leftDirectories(other)).toEqual([]);
  });

  it.each([
    ['memory.limit_in_bytes', 'EINVAL', 'cannot set the memory limit to 67108864'],
    ['cpu.cfs_quota_us', 'EINVAL', 'cannot set the CPU quota to 50000'],
    ['cpuset.cpus', 'EACCES', 'cannot set the CPUs to 1-2'],
    ['pids.max', 'EPERM', 'cannot set the pids limit to 20'],
    ['pids/jobs/a/skiff-c1', 'ENOSPC', 'cannot limit pids'],
  ])('a refusal of %s (%s) is told in full and leaves nothing', (file, code, what) => {
    const machine = v1Machine();
    machine.kernel.faults.set(file, code);
    const error = failure(() => create(machine, ALL));
    expect(error.message).toMatch(new RegExp(`^${what}: /sys/fs/cgroup/.*${file}: ${code}: `));
    expect(error).toMatchObject({ code, exitCode: 125, step: 'cgroup', path: expect.stringContaining(file) });
    expect(error.remedy).toBeTruthy();
    expect(leftDirectories(machine)).toEqual([]);
  });

  it('says so where the hierarchies are mounted read-only', () => {
    const machine = v1Machine({ own: '/docker/x', root: '/docker/x', flags: 'ro' });
    machine.kernel.readOnly.push('/sys/fs/cgroup');
    const error = failure(() => create(machine, { pids: { limit: 5 } }));
    expect(error.message).toBe('cannot limit pids: /sys/fs/cgroup/pids: EROFS: read-only file system');
    expect(error.remedy).toContain('--privileged');
  });

  it('refuses CPUs that are not there', () => {
    const machine = v1Machine();
    expect(failure(() => create(machine, { cpu: { cpus: '99' } })).message).toBe(
      'cannot limit CPUs to 99: only 0-3 can be used here',
    );
    expect(leftDirectories(machine)).toEqual([]);
  });

  it('reports both errors where the unfinished cgroup cannot be removed either', () => {
    const machine = v1Machine();
    machine.kernel.faults.set('pids.max', 'EINVAL');
    machine.kernel.rmdir = () => {
      throw Object.assign(new Error('EBUSY: resource busy, rmdir'), { code: 'EBUSY' });
    };
    const error = failure(() => create(machine, { pids: { limit: 5 } }));
    expect(error.message).toMatch(
      /cannot set the pids limit.*EINVAL.*; cannot remove the unfinished cgroup.*EBUSY/,
    );
    expect(error.cause).toBeInstanceOf(AggregateError);
  });

  it('does not take over a cgroup that exists', () => {
    const machine = v1Machine();
    create(machine, { pids: { limit: 5 } });
    expect(failure(() => create(machine, { pids: { limit: 6 } })).code).toBe('EEXIST');
    expect(leftDirectories(machine)).toHaveLength(1);
  });
});

describe('on v2', () => {
  it('writes every limit in the units of v2', () => {
    const machine = v2Machine({ own: '/' });
    const cgroup = create(machine, ALL);
    const path = '/sys/fs/cgroup/skiff-c1';
    expect(machine.kernel.writes).toEqual([
      '/sys/fs/cgroup/cgroup.subtree_control=+memory +cpu +cpuset +pids',
      `${path}/memory.max=67108864`,
      `${path}/memory.swap.max=67108864`,
      `${path}/cpu.weight=170`,
      `${path}/cpu.max=50000 100000`,
      `${path}/cpuset.cpus=1-2`,
      `${path}/cpuset.mems=0`,
      `${path}/pids.max=20`,
    ]);
    expect(cgroup?.paths).toEqual([path]);
    const counted = { memoryPeakBytes: 8192, oomKills: 3, cpuUsec: 1234, pidsPeak: 1 };
    expect(cgroup?.stat()).toEqual(counted);
    // Who finds it by a container's record has nothing but its path.
    expect(recordedCgroup(machine.setup, 'c1', [path], machine.kernel).stat()).toEqual(counted);
  });

  it('leaves memory.peak out where the kernel is too old for it', () => {
    const machine = v2Machine({ own: '/' });
    const cgroup = create(machine, { memory: { limit: 4096 } });
    machine.kernel.files.delete('/sys/fs/cgroup/skiff-c1/memory.peak');
    expect(cgroup?.stat().memoryPeakBytes).toBeUndefined();
  });

  it.each<[Resources, string]>([
    [{ cpu: { quota: 20_000 } }, 'cpu.max=20000 100000'],
    [{ cpu: { period: 50_000 } }, 'cpu.max=max 50000'],
    [{ memory: { limit: 4096, swap: 4096 } }, 'memory.swap.max=0'],
  ])('%j writes %s', (resources, written) => {
    const machine = v2Machine({ own: '/' });
    create(machine, resources);
    expect(machine.kernel.writes.at(-1)).toBe(`/sys/fs/cgroup/skiff-c1/${written}`);
  });

  it('makes no cgroup where only usage is asked for and memory is not to be had', () => {
    const machine = v2Machine({ controllers: ['pids'], others: [2_000_000_000] });
    expect(create(machine, {}, true)).toBeNull();
    expect(machine.kernel.writes).toEqual([]);
  });

  it('refuses CPUs that the kernel would silently ignore', () => {
    const machine = v2Machine({ own: '/' });
    expect(failure(() => create(machine, { cpu: { cpus: '7' } })).message).toContain('only 0-3 can be used');
    expect(leftDirectories(machine)).toEqual([]);
  });
});

describe('on a hybrid machine', () => {
  it('limits each controller where it is', () => {
    const machine = hybridMachine();
    const cgroup = create(machine, { memory: { limit: 4096 }, pids: { limit: 5 } });
    expect(cgroup?.record().directories).toEqual([
      { path: '/sys/fs/cgroup/unified/skiff-c1', version: 2, controllers: ['memory'] },
      { path: '/sys/fs/cgroup/pids/skiff-c1', version: 1, controllers: ['pids'] },
    ]);
  });

  it('tells what is mounted where a controller is missing', () => {
    const machine = hybridMachine();
    const setup = {
      ...machine.setup,
      hierarchies: machine.setup.hierarchies.filter(({ version }) => version === 1),
    };
    const error = failure(() =>
      create({ ...machine, setup }, { pids: { limit: 5 }, memory: { limit: 4096 } }),
    );
    expect(error.message).toBe(
      'cannot limit memory: no memory controller is mounted (cgroup mode hybrid: pids, cpuset, cpu on v1)',
    );
    expect(error).toMatchObject({
      code: 'CGROUP_UNAVAILABLE',
      remedy: expect.stringContaining('mount -t cgroup'),
    });
    expect(leftDirectories(machine)).toEqual([]);
  });

  it('cannot limit anything without cgroups, but runs without limits', () => {
    const machine: Machine = { kernel: v1Machine().kernel, setup: { mode: 'none', hierarchies: [] } };
    expect(failure(() => create(machine, { pids: { limit: 1 } })).remedy).toContain('mount -t cgroup2');
    expect(create(machine, {}, true)).toBeNull();
  });
});

describe('a cgroup', () => {
  it('takes a process in every hierarchy', () => {
    const machine = v1Machine();
    const cgroup = create(machine, { memory: { limit: 4096 }, pids: { limit: 5 } });
    cgroup?.add(77);
    expect(cgroup?.procsFiles.map(file => machine.kernel.read(file))).toEqual(['77', '77']);
  });

  it('says which process could not be put where', () => {
    const machine = v1Machine();
    const cgroup = create(machine, { pids: { limit: 5 } });
    machine.kernel.faults.set('cgroup.procs', 'ESRCH');
    const error = failure(() => cgroup?.add(77));
    expect(error.message).toMatch(/^cannot put process 77 into its cgroup: .*cgroup.procs: ESRCH/);
  });

  it('comes back from its record', async () => {
    const machine = v1Machine();
    const record: unknown = JSON.parse(JSON.stringify(create(machine, ALL)?.record()));
    const cgroup = openCgroup(record as Parameters<typeof openCgroup>[0], machine.kernel);
    expect(cgroup.paths).toHaveLength(4);
    await cgroup.destroy();
    expect(leftDirectories(machine)).toEqual([]);
  });

  it.each([
    '/sys/fs/cgroup/pids',
    '/sys/fs/cgroup/pids/skiff-other',
    '/sys/fs/cgroup/x/../skiff-c1',
    'skiff-c1',
  ])('is not opened from a record that tells of %s', path => {
    const machine = v1Machine();
    const record = { id: 'c1', directories: [{ path, version: 1 as const, controllers: [] }] };
    expect(failure(() => openCgroup(record, machine.kernel)).message).toContain(
      'not the cgroup of container c1',
    );
  });

  it('is not opened from a record that tells of a directory outside cgroup file systems', () => {
    const record = {
      id: 'c1',
      directories: [{ path: '/etc/skiff-c1', version: 1 as const, controllers: [] }],
    };
    const { kernel } = v1Machine();
    kernel.isCgroup = () => false;
    expect(failure(() => openCgroup(record, kernel)).code).toBe('INVALID_ARGUMENT');
  });
});
