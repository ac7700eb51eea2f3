import { createCgroup, describeCgroups } from '../../lib/cgroup';
import { failure } from './failure';
import { hybridMachine, v1Machine, v2Machine, type Machine } from './machines';

const ROOT = '/sys/fs/cgroup';
const STRANGER = 2_000_000_000;

function place({ kernel, setup }: Machine, resources: Parameters<typeof createCgroup>[0]['resources']) {
  kernel.writes.length = 0;
  return createCgroup({ setup, id: 'c1', resources, kernel })?.paths[0];
}

function controlWrites({ kernel }: Machine): string[] {
  return kernel.writes.filter(line => line.includes('subtree_control'));
}

describe('where a v2 cgroup is made', () => {
  it('is the root where we live there: the root may hold processes and children', () => {
    expect(place(v2Machine({ own: '/' }), { pids: { limit: 1 } })).toBe(`${ROOT}/skiff-c1`);
  });

  it('is the cgroup above ours where a stranger lives in ours, with controllers switched on down to it', () => {
    const machine = v2Machine({ others: [STRANGER] });
    expect(place(machine, { cpu: { quota: 1000 } })).toBe(`${ROOT}/user.slice/user-0.slice/skiff-c1`);
    expect(controlWrites(machine)).toEqual([
      `${ROOT}/cgroup.subtree_control=+cpu`,
      `${ROOT}/user.slice/cgroup.subtree_control=+cpu`,
      `${ROOT}/user.slice/user-0.slice/cgroup.subtree_control=+cpu`,
    ]);
  });

  it('writes no controller that is handed down already', () => {
    const machine = v2Machine({ others: [STRANGER] });
    place(machine, { cpu: { quota: 1000 } });
    machine.kernel.rmdir(`${ROOT}/user.slice/user-0.slice/skiff-c1`);
    place(machine, { cpu: { quota: 1000 } });
    expect(controlWrites(machine)).toEqual([]);
  });

  it('is our own cgroup where we are alone in it; we move into a leaf', () => {
    const machine = v2Machine({ own: '/app.scope' });
    expect(place(machine, { pids: { limit: 1 } })).toBe(`${ROOT}/app.scope/skiff-c1`);
    expect(machine.kernel.read(`${ROOT}/app.scope/skiff.self/cgroup.procs`)).toBe(String(process.pid));
    expect(machine.kernel.read(`${ROOT}/app.scope/cgroup.procs`)).toBe('');
  });

  it('moves our own descendants with us, found by their parents', () => {
    const machine = v2Machine({ own: '/app.scope', others: [90_001, 90_002] });
    machine.kernel.addFiles({
      '/proc/90001/stat': `90001 (a ) S 1 b) S ${process.pid} 1 1`,
      '/proc/90002/stat': '90002 (sh) S 90001 1 1',
    });
    expect(place(machine, { pids: { limit: 1 } })).toBe(`${ROOT}/app.scope/skiff-c1`);
    expect(machine.kernel.read(`${ROOT}/app.scope/skiff.self/cgroup.procs`).split('\n')).toHaveLength(3);
  });

  it('never moves a stranger, nor a process that it cannot see', () => {
    for (const stranger of [STRANGER, 0]) {
      const machine = v2Machine({ own: '/app.scope', others: [stranger] });
      expect(place(machine, { pids: { limit: 1 } })).toBe(`${ROOT}/skiff-c1`);
      expect(machine.kernel.directories).not.toContain(`${ROOT}/app.scope/skiff.self`);
    }
  });

  it('is an error that names the delegation where the cgroups above are not ours', () => {
    const own = '/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope';
    const machine = v2Machine({ own, others: [STRANGER] });
    const { kernel } = machine;
    for (const above of [
      '',
      '/user.slice',
      '/user.slice/user-1000.slice',
      '/user.slice/user-1000.slice/user@1000.service',
    ]) {
      kernel.write(`${ROOT}${above}/cgroup.subtree_control`, '+memory +pids');
    }
    const owned = `${ROOT}/user.slice/user-1000.slice/user@1000.service`;
    kernel.writable = file => file.startsWith(owned);
    expect(place(machine, { memory: { limit: 4096 } })).toBe(`${owned}/app.slice/skiff-c1`);

    const error = failure(() => place(machine, { cpu: { quota: 1000 } }));
    expect(error.message).toBe(`cannot limit cpu: ${ROOT}: no permission to hand cpu to a sub-cgroup`);
    expect(error.remedy).toContain('systemd-run --user --scope -p Delegate=yes');
    expect(error.remedy).toContain('delegate.conf');
  });

  it('says so where the file system is read-only', () => {
    const machine = v2Machine({ flags: 'ro' });
    machine.kernel.readOnly.push(ROOT);
    expect(failure(() => place(machine, { pids: { limit: 1 } })).message).toMatch(
      /^cannot limit pids: .*: EROFS: read-only file system$/,
    );
  });

  it('is an error in a container whose only cgroup holds other processes', () => {
    const machine = v2Machine({ own: '/', others: [STRANGER] });
    machine.kernel.addFiles({ [`${ROOT}/cgroup.type`]: 'domain\n' });
    const error = failure(() => place(machine, { pids: { limit: 1 } }));
    expect(error.message).toBe(
      "cannot limit pids: /sys/fs/cgroup: it holds other processes than skiff's, and such a cgroup cannot hand " +
        'pids to a sub-cgroup',
    );
    expect(error.code).toBe('CGROUP_UNAVAILABLE');
    expect(machine.kernel.writes).toEqual([]);
  });

  it('takes a refused write as an obstacle, not as the end', () => {
    const machine = v2Machine({ others: [STRANGER] });
    machine.kernel.faults.set('user-0.slice/cgroup.subtree_control', 'EBUSY');
    expect(place(machine, { pids: { limit: 1 } })).toBe(`${ROOT}/user.slice/skiff-c1`);
  });
});

describe('describeCgroups', () => {
  const brief = ({ setup, kernel }: Machine) =>
    describeCgroups(setup, kernel).controllers.map(
      ({ name, version, usable }) => `${name} ${version} ${usable}`,
    );

  it('tells for each controller where it is and that it can be used, and changes nothing', () => {
    const machine = v2Machine();
    machine.kernel.writes.length = 0;
    const before = [...machine.kernel.directories];
    expect(brief(machine)).toEqual(['memory 2 true', 'cpu 2 true', 'cpuset 2 true', 'pids 2 true']);
    expect(machine.kernel.writes).toEqual([]);
    expect([...machine.kernel.directories]).toEqual(before);
  });

  it('lists the needed controllers first, then what else is there', () => {
    expect(brief(v1Machine())).toEqual([
      'memory 1 true',
      'cpu 1 true',
      'cpuset 1 true',
      'pids 1 true',
      'cpuacct 1 true',
    ]);
  });

  it('tells what is missing and the remedy', () => {
    const { kernel } = hybridMachine();
    const report = describeCgroups({ mode: 'none', hierarchies: [] }, kernel);
    expect(report.controllers).toHaveLength(4);
    expect(report.controllers[0]).toEqual({
      name: 'memory',
      needed: true,
      usable: false,
      problem: 'no memory controller is mounted',
      remedy: 'Mount cgroups: mount -t cgroup2 cgroup2 /sys/fs/cgroup (as root).',
    });
  });

  it('tells where we have no permission', () => {
    const v1 = v1Machine();
    v1.kernel.readOnly.push('/sys/fs/cgroup/memory');
    const [memory, cpu] = describeCgroups(v1.setup, v1.kernel).controllers;
    expect(memory).toMatchObject({
      usable: false,
      problem: expect.stringContaining('EACCES: permission denied'),
    });
    expect(cpu).toMatchObject({ usable: true, own: '/sys/fs/cgroup/cpu,cpuacct/jobs/a' });

    const v2 = v2Machine();
    v2.kernel.readOnly.push(ROOT);
    const [report] = describeCgroups(v2.setup, v2.kernel).controllers;
    expect(report).toMatchObject({ usable: false, problem: expect.stringContaining('no permission') });
  });
});
