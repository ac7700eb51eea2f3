import fs from 'node:fs';
import { openCgroup, type Cgroup } from '../../lib/cgroup';
import { hostKernel } from '../../lib/cgroup/kernel';
import { cleanUp, describeWhere, ended, freshId, isAlive, liveSetup, pidsOf, runIn, until } from './live';

const hierarchy = liveSetup(2).hierarchies[0];

function whyNot(): string | undefined {
  if (!hierarchy) return 'cgroup2 is not mounted here';
  return hostKernel.writable(hierarchy.own) ? undefined : `no permission to make cgroups in ${hierarchy.own}`;
}

/** A cgroup without any controller: what every cgroup2 mount allows, also that of a hybrid machine. */
function bareCgroup(): Cgroup {
  const id = freshId();
  const path = `${hierarchy?.own}/skiff-${id}`;
  fs.mkdirSync(path);
  return openCgroup({ id, directories: [{ path, version: 2, controllers: [] }] });
}

describeWhere('cgroup-v2', whyNot(), 'the core files of cgroup v2', () => {
  let cgroup: Cgroup;
  beforeEach(() => {
    cgroup = bareCgroup();
  });
  afterEach(async () => {
    await cgroup.destroy();
    await cleanUp();
  });

  it('kill a tree of processes, cgroups below included, and let it be removed', async () => {
    const inner = `${cgroup.paths[0]}/inner`;
    fs.mkdirSync(inner);
    const child = runIn(cgroup, 'setsid sleep 100 & sleep 100 & wait');
    await until('three processes', () => pidsOf(cgroup).length === 3);
    const pids = pidsOf(cgroup);
    fs.writeFileSync(`${inner}/cgroup.procs`, String(pids.at(-1)));
    await cgroup.destroy();
    expect(await ended(child)).toBe('SIGKILL');
    expect(pids.filter(isAlive)).toEqual([]);
    expect(fs.existsSync(cgroup.paths[0] ?? '')).toBe(false);
  });

  it('kill without removing', async () => {
    const child = runIn(cgroup, 'exec sleep 100');
    cgroup.kill();
    expect(await ended(child)).toBe('SIGKILL');
    expect(fs.existsSync(cgroup.paths[0] ?? '')).toBe(true);
  });

  it('count CPU time without a controller', async () => {
    const child = runIn(cgroup, 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done');
    expect(await ended(child)).toBe(0);
    expect(cgroup.stat().cpuUsec).toBeGreaterThan(1000);
  });
});
