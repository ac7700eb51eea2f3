import { createCgroup, listCgroups, removeLeftoverCgroup } from '../../lib/cgroup';
import { errnoError } from './fake-kernel';
import { hybridMachine, v1Machine, v2Machine, type Machine } from './machines';

const LIMITS = { memory: { limit: 4096 }, pids: { limit: 5 } };

function create({ kernel, setup }: Machine, id = 'c1') {
  const cgroup = createCgroup({ setup, id, resources: LIMITS, kernel });
  if (!cgroup) throw new Error('no cgroup');
  return cgroup;
}

describe.each([
  ['v1', v1Machine],
  ['v2', () => v2Machine({ own: '/' })],
  ['hybrid', hybridMachine],
] as const)('destroy on %s', (_, makeMachine) => {
  it('only removes where nothing runs', async () => {
    const machine = makeMachine();
    const cgroup = create(machine);
    machine.kernel.writes.length = 0;
    await cgroup.destroy();
    expect(machine.kernel.writes).toEqual([]);
    expect(listCgroups(machine.setup, machine.kernel)).toEqual([]);
    await cgroup.destroy();
  });

  it('kills what runs, in cgroups below too, and removes all of it', async () => {
    const machine = makeMachine();
    const cgroup = create(machine);
    cgroup.add(90_001);
    for (const path of cgroup.paths) machine.kernel.cgroup(`${path}/a/b`, [90_002]);
    await cgroup.destroy();
    expect(new Set(machine.kernel.killed)).toEqual(new Set([90_001, 90_002]));
    expect(listCgroups(machine.setup, machine.kernel)).toEqual([]);
  });

  it('takes one that was never made where nothing can be made for gone', async () => {
    const machine = makeMachine();
    const cgroup = create(machine);
    for (const path of cgroup.paths) machine.kernel.rmdir(path);
    // rmdir(2) looks at the file system before it looks for the directory.
    machine.kernel.rmdir = () => {
      throw errnoError('EROFS');
    };
    await cgroup.destroy();
  });

  it('stops at the time limit and names the processes left', async () => {
    const machine = makeMachine();
    const cgroup = create(machine);
    cgroup.add(90_001);
    machine.kernel.immortal.add(90_001);
    const start = performance.now();
    await expect(cgroup.destroy()).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringMatching(
        /^cannot remove the cgroup: .*skiff-c1: still holds process 90001 after 2 s$/,
      ),
    });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('waits for a process that takes some milliseconds to leave', async () => {
    const machine = makeMachine();
    const cgroup = create(machine);
    cgroup.add(90_001);
    machine.kernel.immortal.add(90_001);
    setTimeout(() => machine.kernel.immortal.delete(90_001), 20);
    await cgroup.destroy();
    expect(listCgroups(machine.setup, machine.kernel)).toEqual([]);
  });
});

describe('destroy', () => {
  it('never signals pid 0, which would be our own process group, nor this process', async () => {
    const machine = v1Machine();
    const cgroup = create(machine);
    machine.kernel.addFiles({ [`${cgroup.paths[0]}/cgroup.procs`]: `0\n${process.pid}\n` });
    await expect(cgroup.destroy()).rejects.toThrow('another pid namespace');
    expect(machine.kernel.killed).toEqual([]);
  });

  it('does not end this process through cgroup.kill either', async () => {
    const machine = v2Machine({ own: '/' });
    const cgroup = create(machine);
    cgroup.add(process.pid);
    await expect(cgroup.destroy()).rejects.toThrow(`still holds process ${process.pid}`);
    expect(machine.kernel.killed).toEqual([]);
  });

  it('kills one by one on a v2 kernel without cgroup.kill', async () => {
    const machine = v2Machine({ own: '/' });
    const cgroup = create(machine);
    machine.kernel.files.delete(`${cgroup.paths[0]}/cgroup.kill`);
    cgroup.add(90_001);
    await cgroup.destroy();
    expect(machine.kernel.killed).toEqual([90_001]);
  });

  it('stops forks first where the pids controller is there', () => {
    const machine = v1Machine();
    const cgroup = create(machine);
    cgroup.add(90_001);
    cgroup.kill();
    expect(machine.kernel.writes.at(-1)).toBe('/sys/fs/cgroup/pids/jobs/a/skiff-c1/pids.max=0');
  });
});

describe('leftovers', () => {
  it('are found wherever they lie, but not inside another container', () => {
    const machine = hybridMachine();
    machine.kernel.cgroup('/sys/fs/cgroup/pids/deep/down/skiff-a/skiff-inner');
    create(machine, 'b');
    const found = listCgroups(machine.setup, machine.kernel).map(({ id, path }) => `${id} ${path}`);
    expect(found.sort()).toEqual([
      'a /sys/fs/cgroup/pids/deep/down/skiff-a',
      'b /sys/fs/cgroup/pids/skiff-b',
      'b /sys/fs/cgroup/unified/skiff-b',
    ]);
  });

  it('are removed by id, and others stay', async () => {
    const machine = hybridMachine();
    create(machine, 'a').add(90_001);
    create(machine, 'b');
    const removed = await removeLeftoverCgroup(machine.setup, 'a', undefined, machine.kernel);
    expect(removed).toHaveLength(2);
    expect(machine.kernel.killed).toContain(90_001);
    expect(listCgroups(machine.setup, machine.kernel).map(({ id }) => id)).toEqual(['b', 'b']);
  });

  it('are removed by recorded paths, also where some are gone', async () => {
    const machine = hybridMachine();
    const { paths } = create(machine, 'a');
    machine.kernel.rmdir(paths[0] ?? '');
    expect(await removeLeftoverCgroup(machine.setup, 'a', paths, machine.kernel)).toEqual([paths[1]]);
    expect(await removeLeftoverCgroup(machine.setup, 'a', paths, machine.kernel)).toEqual([]);
  });

  it('are not removed by a path that is not theirs', async () => {
    const machine = hybridMachine();
    create(machine, 'b');
    const path = '/sys/fs/cgroup/pids/skiff-b';
    await expect(removeLeftoverCgroup(machine.setup, 'a', [path], machine.kernel)).rejects.toThrow(
      /not the cgroup/,
    );
    expect(machine.kernel.directories).toContain(path);
  });
});
