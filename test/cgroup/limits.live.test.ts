import fs from 'node:fs';
import { once } from 'node:events';
import { createCgroup, listCgroups, openCgroup, removeLeftoverCgroup, type Cgroup } from '../../lib/cgroup';
import {
  cleanUp,
  describeWhere,
  ended,
  fileOf,
  freshId,
  isAlive,
  liveCgroup,
  liveSetup,
  pidsOf,
  runIn,
  until,
  whyNoLimits,
} from './live';

const MIB = 1 << 20;

/** What the files of the two versions are called, and what they say after the same limits. */
const EXPECTED = {
  1: {
    requirement: 'cgroup-v1',
    files: {
      'memory.limit_in_bytes': String(64 * MIB),
      'cpu.shares': '2000',
      'cpu.cfs_quota_us': '50000',
      'cpu.cfs_period_us': '100000',
      'cpuset.cpus': '0',
      'cpuset.mems': '0',
      'pids.max': '20',
    },
    swap: ['memory.memsw.limit_in_bytes', String(128 * MIB)],
    nestedLimit: /cfs_quota_us|EINVAL/,
  },
  2: {
    requirement: 'cgroup-v2',
    files: {
      'memory.max': String(64 * MIB),
      'cpu.weight': '170',
      'cpu.max': '50000 100000',
      'cpuset.cpus': '0',
      'cpuset.mems': '0',
      'pids.max': '20',
    },
    swap: ['memory.swap.max', String(64 * MIB)],
    nestedLimit: /cpu.max|EINVAL/,
  },
} as const;

/** Of a process in /proc: `Cpus_allowed_list` and so on. */
function statusOf(pid: number, field: string): string {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

function hasFile(cgroup: Cgroup, name: string): boolean {
  return cgroup.paths.some(path => fs.existsSync(`${path}/${name}`));
}

for (const version of [1, 2] as const) {
  const { requirement, files, swap, nestedLimit } = EXPECTED[version];
  describeWhere(requirement, whyNoLimits(version), `limits by cgroup v${version}`, () => {
    const setup = liveSetup(version);
    afterEach(cleanUp);

    it('stand in the files of the kernel', () => {
      const cgroup = liveCgroup(setup, {
        memory: { limit: 64 * MIB },
        cpu: { shares: 2000, quota: 50_000, period: 100_000, cpus: '0', mems: '0' },
        pids: { limit: 20 },
      });
      for (const [file, content] of Object.entries(files))
        expect([file, fileOf(cgroup, file)]).toEqual([file, content]);
      if (hasFile(cgroup, swap[0])) expect(fileOf(cgroup, swap[0])).toBe(swap[1]);
    });

    it('hold a process from the moment it joins', async () => {
      const cgroup = liveCgroup(setup, { cpu: { cpus: '0' }, pids: { limit: 20 } });
      const child = runIn(cgroup, 'exec sleep 100');
      expect(pidsOf(cgroup)).toEqual([child.pid]);
      expect(statusOf(child.pid, 'Cpus_allowed_list')).toBe('0');
      await cgroup.destroy();
      expect(await ended(child)).toBe('SIGKILL');
    });

    it('count a kill by the memory limit, and the peak', async () => {
      const cgroup = liveCgroup(setup, { memory: { limit: 32 * MIB, swap: 32 * MIB } });
      expect(cgroup.stat().oomKills).toBe(0);
      const child = runIn(cgroup, 'exec tail /dev/zero');
      expect(await ended(child)).toBe('SIGKILL');
      const { oomKills, memoryPeakBytes = 32 * MIB } = cgroup.stat();
      expect(oomKills).toBe(1);
      expect(memoryPeakBytes).toBeGreaterThan(30 * MIB);
      expect(memoryPeakBytes).toBeLessThanOrEqual(32 * MIB);
    });

    it('bound a loop that forks, and destroy ends all of it', async () => {
      const cgroup = liveCgroup(setup, { pids: { limit: 10 } });
      const child = runIn(cgroup, 'i=0; while [ $i -lt 60 ]; do sleep 100 & i=$((i+1)); done; wait');
      await ended(child);
      const pids = pidsOf(cgroup);
      expect(pids.length).toBeGreaterThan(5);
      expect(pids.length).toBeLessThanOrEqual(10);
      expect(Number(/max (\d+)/.exec(fileOf(cgroup, 'pids.events'))?.[1])).toBeGreaterThan(0);
      await cgroup.destroy();
      expect(pids.filter(isAlive)).toEqual([]);
    });

    it('destroy overtakes processes that fork without end', async () => {
      const cgroup = liveCgroup(setup, { pids: { limit: 30 } });
      runIn(cgroup, 'f() { while :; do (sleep 0.001; f) & sleep 0.002; done; }; f');
      await until('a crowd', () => pidsOf(cgroup).length > 10);
      await cgroup.destroy();
      expect(cgroup.paths.filter(path => fs.existsSync(path))).toEqual([]);
    });

    it('hold back the CPU', async () => {
      const cgroup = liveCgroup(setup, { cpu: { quota: 10_000, period: 50_000 } });
      const child = runIn(cgroup, 'while :; do :; done');
      const since = performance.now();
      await new Promise(resolve => setTimeout(resolve, 1000));
      const cpuUsec = cpuTimeOf(child.pid);
      const tookUsec = (performance.now() - since) * 1000;
      child.kill('SIGKILL');
      // 0.2 is the limit; a machine that is busy otherwise measures its seconds worse.
      expect(cpuUsec).toBeGreaterThan(50_000);
      expect(cpuUsec / tookUsec).toBeLessThan(0.4);
      expect(Number(/nr_throttled (\d+)/.exec(fileOf(cgroup, 'cpu.stat'))?.[1])).toBeGreaterThan(2);
    });

    it('destroy ends a process that left its session and ignores signals', async () => {
      const cgroup = liveCgroup(setup, { pids: { limit: 20 } });
      const child = runIn(
        cgroup,
        `setsid sh -c 'trap "" TERM INT HUP; echo $$; while :; do sleep 1; done' & wait`,
      );
      const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
      const escaped = Number(line.toString());
      child.kill('SIGKILL');
      expect(await ended(child)).toBe('SIGKILL');
      expect(isAlive(escaped)).toBe(true);
      await cgroup.destroy();
      expect(isAlive(escaped)).toBe(false);
    });

    it('destroy removes cgroups made inside, with what runs there', async () => {
      const cgroup = liveCgroup(setup, { pids: { limit: 20 } });
      const inner = `${cgroup.paths[0]}/inner`;
      fs.mkdirSync(`${inner}/deeper`, { recursive: true });
      const child = runIn(cgroup, 'exec sleep 100');
      fs.writeFileSync(`${inner}/deeper/cgroup.procs`, String(child.pid));
      expect(pidsOf(cgroup)).toEqual([]);
      await cgroup.destroy();
      expect(await ended(child)).toBe('SIGKILL');
      expect(fs.existsSync(cgroup.paths[0] ?? '')).toBe(false);
    });

    it('leave nothing where the kernel refuses one of them', () => {
      const id = freshId();
      const resources = {
        memory: { limit: 64 * MIB },
        pids: { limit: 5 },
        cpu: { quota: 1, period: 100_000 },
      };
      expect(() => createCgroup({ setup, id, resources })).toThrow(nestedLimit);
      expect(listCgroups(setup).filter(found => found.id === id)).toEqual([]);
    });

    it('refuse CPUs that the machine does not have', () => {
      const id = freshId();
      expect(() => createCgroup({ setup, id, resources: { cpu: { cpus: '999' } } })).toThrow(
        /cannot limit CPUs to 999/,
      );
    });

    it('are swept by the id or by the record that a dead process left', async () => {
      const first = liveCgroup(setup, { pids: { limit: 5 }, memory: { limit: 64 * MIB } });
      const child = runIn(first, 'exec sleep 100');
      expect((await removeLeftoverCgroup(setup, first.id)).sort()).toEqual([...first.paths].sort());
      expect(await ended(child)).toBe('SIGKILL');

      const second = liveCgroup(setup, { pids: { limit: 5 } });
      await openCgroup(second.record()).destroy();
      expect(await removeLeftoverCgroup(setup, second.id, second.paths)).toEqual([]);
    });

    it('touch only the hierarchies that carry them', () => {
      const cgroup = liveCgroup(setup, { pids: { limit: 5 } });
      expect(listCgroups(setup).filter(({ id }) => id === cgroup.id)).toHaveLength(1);
    });
  });
}

/** CPU time of a process in microseconds: utime and stime of proc(5), in the 100 ticks a second of every Linux ABI here. */
function cpuTimeOf(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
