/** Limits: set on what the kernel shows of the container's cgroup, and felt by what runs in it. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { itIf } from '../helpers/conditions';
import { fileRoot, run, skiffProgram } from '../helpers/run';
import { until } from '../helpers/wait';
import { describeWithLimits } from '../helpers/user-mode';
import {
  commandLine,
  output,
  processesNaming,
  processesWith,
  readProc,
  sh,
  statusField,
  useSkiff,
} from './support';

const skiff = useSkiff();
const MIB = 1024 * 1024;

/** Nobody else's command has such an argument. */
const MARK = `limits-${process.pid}`;

/** Fills 200 MB of memory at once, which is fast on an emulated machine, too; the shell stays to tell of it. */
const FILL = 'dd if=/dev/zero of=/dev/null bs=200M count=1; exit $?';

describeWithLimits('memory', () => {
  test('a command that takes more is killed: 137, and one line that names the limit and the peak', async () => {
    const { code, stderr, stdout } = await run(['run', '-m', '64m', 'sh', '-c', FILL]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 137, stdout: '' });
    const lines = stderr
      .trim()
      .split('\n')
      .filter(line => line.startsWith('skiff: '));
    expect(lines).toEqual([
      expect.stringMatching(
        /^skiff: memory limit of 64 MiB reached \(peak 6[0-4](\.\d)? MiB\): a process was killed/,
      ),
    ]);
  });

  test('the API tells it', async () => {
    const result = await skiff().run(sh(FILL), { memory: '64m' });
    expect(result).toMatchObject({ exitCode: 137, oomKilled: true, timedOut: false });
    expect(result.usage.memoryPeakBytes).toBeGreaterThan(48 * MIB);
    expect(result.usage.memoryPeakBytes).toBeLessThanOrEqual(64 * MIB);
  });

  test('what stays below it is not touched', async () => {
    const result = await skiff().run(sh('head -c 20m /dev/zero | tail | wc -c'), { memory: '64m' });
    expect(result).toMatchObject({ exitCode: 0, oomKilled: false, stdout: `${20 * MIB}\n` });
    expect(result.usage.memoryPeakBytes).toBeGreaterThan(20 * MIB);
  });

  test('a file system in memory counts', async () => {
    const script = 'head -c 100m /dev/zero > /big/file';
    const result = await skiff().run(sh(script), { memory: '32m', memorySwap: '32m', tmpfs: ['/big'] });
    expect(result.exitCode).not.toBe(0);
    expect(result.oomKilled).toBe(true);
  });
});

describeWithLimits('processes', () => {
  /** Each copy starts two more, and stays. A shell that cannot fork ends: the first one has done so before. */
  const BOMB = `bomb() { bomb | bomb & sleep 600; }; sleep 600 & last=$!; bomb & wait $last; : ${MARK}`;

  test('a fork bomb stops at the limit, and all of it goes', async () => {
    const container = await skiff().start(sh(BOMB), { pidsLimit: 20, stdout: 'ignore' });
    let told = '';
    container.stderr!.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until('the limit', () => told.includes("can't fork"), 20_000);
    await until('many processes', () => processesWith(container.pid).length >= 5);
    for (let look = 0; look < 20; look += 1) {
      expect(processesWith(container.pid).length).toBeLessThanOrEqual(20);
      await sleep(20);
    }
    await container.remove();
    expect(processesNaming(MARK)).toEqual([]);
  });

  test('by the command line', async () => {
    const script = `i=0; while [ $i -lt 40 ]; do sleep 600 & i=$((i + 1)); done; : ${MARK}`;
    const { code, stderr } = await run(['run', '--pids-limit', '20', 'sh', '-c', script]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/can't fork/);
    expect(processesNaming(MARK)).toEqual([]);
  });

  test('-1 and 0 are no limit', async () => {
    for (const pidsLimit of [-1, 0]) expect(await output(skiff(), ['echo', 'on'], { pidsLimit })).toBe('on');
  });
});

describeWithLimits('CPU', () => {
  test('two busy loops at 0.5 use half a CPU', async () => {
    const busy = 'while :; do :; done';
    await using container = await skiff().start(sh(`(${busy}) & ${busy}`), { cpus: 0.5 });
    await until('both loops', () => processesWith(container.pid).length === 2);
    const used = () => cpuSeconds(processesWith(container.pid));
    const [since, before] = [performance.now(), used()];
    await sleep(5000);
    const rate = (used() - before) / ((performance.now() - since) / 1000);
    // The target is 0.5 +- 0.05; the rest is for a machine that others load.
    expect(rate).toBeGreaterThanOrEqual(0.4);
    expect(rate).toBeLessThanOrEqual(0.6);
  });

  test('usage tells what was used', async () => {
    const { usage } = await skiff().run(sh('i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done'));
    const idle = (await skiff().run(['sleep', '0.3'])).usage;
    expect(usage.cpuMs).toBeGreaterThan(50);
    expect(idle.cpuMs).toBeLessThan(usage.cpuMs);
    expect(usage.memoryPeakBytes).toBeGreaterThan(100 * 1024);
    expect(usage.memoryPeakBytes).toBeLessThan(100 * MIB);
  });

  itIf(os.cpus().length > 1, 'there is only one CPU')('cpuset: only the CPU asked for', async () => {
    const seen = await run(['run', '--cpuset', '1', 'grep', 'Cpus_allowed_list', '/proc/self/status']);
    expect(seen.stdout.toString()).toMatch(/^Cpus_allowed_list:\s+1\n$/);
    await using container = await skiff().start(['sleep', '600'], { cpusetCpus: '0' });
    expect(statusField(container.pid, 'Cpus_allowed_list')).toBe('0');
  });
});

describeWithLimits('in the cgroup files', () => {
  test('each limit, on the init that carries them', async () => {
    const options = { memory: '64m', memorySwap: '96m', cpus: 0.5, cpuShares: 512, pidsLimit: 20 };
    await using container = await skiff().start(['sleep', '600'], options);
    const directories = cgroupsOf(container.pid);
    const v2 = directories.find(directory => fs.existsSync(`${directory}/memory.max`));
    const expected: Record<string, string> = v2
      ? {
          'memory.max': String(64 * MIB),
          'memory.swap.max': String(32 * MIB),
          'cpu.max': '50000 100000',
          'pids.max': '20',
        }
      : {
          'memory.limit_in_bytes': String(64 * MIB),
          'memory.memsw.limit_in_bytes': String(96 * MIB),
          'cpu.cfs_quota_us': '50000',
          'cpu.cfs_period_us': '100000',
          'cpu.shares': '512',
          'pids.max': '20',
        };
    for (const [file, value] of Object.entries(expected)) {
      const at = directories.map(directory => `${directory}/${file}`).find(path => fs.existsSync(path));
      expect({ file, value: at && fs.readFileSync(at, 'utf8').trim() }).toEqual({ file, value });
    }
  });

  test('no limit of swap where -1 is asked for', async () => {
    await using container = await skiff().start(['sleep', '600'], { memory: '64m', memorySwap: -1 });
    const limits = cgroupsOf(container.pid).flatMap(directory =>
      ['memory.memsw.limit_in_bytes', 'memory.swap.max']
        .map(file => `${directory}/${file}`)
        .filter(file => fs.existsSync(file))
        .map(file => fs.readFileSync(file, 'utf8').trim()),
    );
    expect(limits.length).toBeLessThanOrEqual(1);
    for (const limit of limits) expect(limit === 'max' || Number(limit) > 2 ** 50).toBe(true);
  });

  test('they are gone after the end, with what escaped the process tree', async () => {
    const container = await skiff().start(sh('setsid sleep 600 & exec sleep 600'), { memory: '64m' });
    await until('the escaped one', () => processesWith(container.pid).length === 2);
    const directories = cgroupsOf(container.pid).filter(directory => directory.includes('skiff-'));
    expect(directories.length).toBeGreaterThan(0);
    const pids = processesWith(container.pid);
    container.kill('SIGKILL');
    await container.wait();
    expect(directories.filter(directory => fs.existsSync(directory))).toEqual([]);
    expect(pids.filter(pid => commandLine(pid) === 'sleep 600')).toEqual([]);
  });
});

describe('a limit that can not be set', () => {
  test('by the command line: 125, one line with the reason, no output of the command', () => {
    // In a mount namespace of its own the hierarchy is read-only.
    const script =
      'mount -o remount,ro,bind "$1" 2>/dev/null || mount -o bind,ro "$1" "$1"; shift; exec "$@"';
    const memory = cgroupMount('memory');
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        script,
        'sh',
        memory,
        skiffProgram,
        '--root',
        fileRoot(),
        'run',
        '-m',
        '64m',
        'echo',
        'ran',
      ],
      { encoding: 'utf8' },
    );
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(stderr).toMatch(/^skiff: cannot limit memory.*: .*read-only file system/);
  });
});

describe('timeout', () => {
  /** Double-forks, leaves the session, ignores SIGTERM. */
  const STUBBORN = `trap '' TERM HUP INT; (setsid sh -c "trap '' TERM HUP; while :; do sleep 600; done; : ${MARK}" &) & wait; while :; do sleep 600; done; : ${MARK}`;

  test('1 s by the command line: back soon after it, nothing left, and told', async () => {
    const since = performance.now();
    const { code, stderr } = await run(['run', '--timeout', '1s', 'sh', '-c', STUBBORN]);
    const took = performance.now() - since;
    expect(code).toBe(137);
    expect(stderr).toBe('skiff: timed out after 1s: killed\n');
    expect(processesNaming(MARK)).toEqual([]);
    // 1.5 s is the target on a quiet machine.
    expect(took).toBeGreaterThan(1000);
    // It is over long before its command would be.
    expect(took).toBeLessThan(30_000);
    console.log(`--timeout 1s: back after ${Math.round(took)} ms`);
  });

  test('by the API: when it resolves, nothing is left', async () => {
    const result = await skiff().run(sh(STUBBORN), { timeout: 300 });
    expect(processesNaming(MARK)).toEqual([]);
    expect(result).toMatchObject({ exitCode: 137, signal: 'SIGKILL', timedOut: true });
    expect(result.durationMs).toBeGreaterThanOrEqual(300);
  });

  test('one that is not reached changes nothing', async () => {
    const result = await skiff().run(['echo', 'done'], { timeout: '1m' });
    expect(result).toMatchObject({ exitCode: 0, timedOut: false, stdout: 'done\n' });
  });
});

/** User and system time of these processes, in seconds: fields 14 and 15 of /proc/PID/stat, 100 ticks each. */
function cpuSeconds(pids: number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readProc(pid, 'stat').split(') ').at(-1)!.split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

/** The directories of a process's cgroups. */
function cgroupsOf(pid: number): string[] {
  return readProc(pid, 'cgroup')
    .trim()
    .split('\n')
    .flatMap(line => {
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line)!;
      const mount = cgroupMount(controllers!.split(',')[0]!);
      return mount === '' ? [] : [`${mount}${path}`];
    });
}

/** Where a v1 controller's hierarchy is mounted; '' names the v2 one. */
function cgroupMount(controller: string): string {
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const v1 = lines.find(line => line.includes(' - cgroup ') && line.split(/[ ,]/).includes(controller));
  const line = v1 ?? lines.find(other => other.includes(' - cgroup2 '));
  return line?.split(' ')[4] ?? '';
}
