import fs from 'node:fs';
import path from 'node:path';
import { readCgroupUsage } from '../../lib/cgroup';
import { hostKernel } from '../../lib/cgroup/kernel';
import type { StartOptions } from '../../lib/engine/options';
import { run, start } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { canLimit, describeWithLimits } from '../helpers/user-mode';
import { sh, useSkiff, waiting } from '../run/support';

const skiff = useSkiff();
const BUSY = sh('while :; do :; done');

/** A directory with the files of a cgroup. */
function withFiles<T>(files: Record<string, string>, look: (directory: string) => T): T {
  const directory = tempDirectory();
  try {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(directory.path, name), text);
    return look(directory.path);
  } finally {
    directory.remove();
  }
}

describe('files of a cgroup', () => {
  it('of v1', () => {
    const files = {
      'cpuacct.usage': '1500000000\n',
      'memory.usage_in_bytes': '10000000\n',
      'memory.limit_in_bytes': '67108864\n',
      'memory.stat': 'cache 5000\ninactive_file 1\ntotal_inactive_file 4000000\n',
      'pids.current': '7\n',
      'blkio.throttle.io_service_bytes':
        '8:0 Read 4096\n8:0 Write 8192\n8:16 Read 1\n8:16 Write 2\nTotal 12291\n',
    };
    expect(withFiles(files, directory => readCgroupUsage([directory], hostKernel))).toEqual({
      cpuUsec: 1_500_000,
      memoryBytes: 6_000_000,
      memoryLimitBytes: 67_108_864,
      pids: 7,
      readBytes: 4097,
      writtenBytes: 8194,
    });
  });

  it('of v2', () => {
    const files = {
      'cgroup.controllers': 'memory pids\n',
      'cpu.stat': 'usage_usec 2500\nuser_usec 2000\n',
      'memory.current': '8192\n',
      'memory.max': 'max\n',
      'memory.stat': 'inactive_file 4096\n',
      'pids.current': '2\n',
      'io.stat':
        '8:0 rbytes=100 wbytes=200 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2 rios=1 wios=1\n',
    };
    expect(withFiles(files, directory => readCgroupUsage([directory], hostKernel))).toEqual({
      cpuUsec: 2500,
      memoryBytes: 4096,
      memoryLimitBytes: undefined,
      pids: 2,
      readBytes: 101,
      writtenBytes: 202,
    });
  });

  it('of v1 without a limit, and of one that is gone', () => {
    const files = { 'memory.usage_in_bytes': '1\n', 'memory.limit_in_bytes': '9223372036854771712\n' };
    expect(withFiles(files, directory => readCgroupUsage([directory, '/nowhere'], hostKernel))).toMatchObject(
      {
        memoryBytes: 1,
        memoryLimitBytes: undefined,
      },
    );
  });
});

describeWithLimits('a container with a cgroup', () => looksAt({ memory: '64m', pidsLimit: 20 }));

describe('a container without one, by /proc', () => looksAt({ usage: false }));

function looksAt(options: StartOptions): void {
  it('that computes uses CPU, one that waits does not', async () => {
    await using busy = await skiff().start(BUSY, options);
    await using idle = await waiting(skiff(), options);
    for await (const looks of skiff().stats([busy.id, idle.id], { intervalMs: 400 })) {
      const [computing, waits] = looks;
      expect(looks.map(({ id }) => id)).toEqual([busy.id, idle.id]);
      // However many share the machine, some of it is this one's.
      expect(computing!.cpuPercent).toBeGreaterThan(5);
      expect(computing!.cpuPercent).toBeLessThan(130);
      expect(waits!.cpuPercent).toBeLessThan(5);
      expect(waits!.pids).toBe(1);
      expect(waits!.memoryBytes).toBeGreaterThan(4096);
      expect(waits!.memoryBytes).toBeLessThan(32 * 1024 ** 2);
      if ('memory' in options) expect(waits!.memoryLimitBytes).toBe(64 * 1024 ** 2);
      else expect(waits!.memoryLimitBytes).toBeGreaterThan(64 * 1024 ** 2);
      break;
    }
  });

  it('that writes is seen to', async () => {
    const command = sh('dd if=/dev/zero of=/file bs=1M count=4 conv=fsync 2>/dev/null; echo done; cat; :');
    await using container = await skiff().start(command, options);
    await new Promise(resolve => container.stdout!.once('data', resolve));
    for await (const [stats] of skiff().stats([container.id], { intervalMs: 50 })) {
      // What is written to the block device, where the root is on one.
      expect(stats!.writtenBytes % 512).toBe(0);
      expect(stats!.pids).toBe(2);
      break;
    }
  });
}

it('ends by its signal, and tells those that run where nobody is named', async () => {
  await using container = await waiting(skiff());
  const controller = new AbortController();
  const seen: string[][] = [];
  for await (const looks of skiff().stats([], { intervalMs: 20, signal: controller.signal })) {
    seen.push(looks.map(({ id }) => id));
    if (seen.length === 3) controller.abort();
  }
  expect(seen).toEqual([[container.id], [container.id], [container.id]]);
});

it('of one that has ended there are zeros', async () => {
  await skiff().run(['true'], { keep: true, name: 'ended' });
  for await (const [stats] of skiff().stats(['ended'], { intervalMs: 10 })) {
    expect(stats).toMatchObject({
      name: 'ended',
      cpuPercent: 0,
      memoryBytes: 0,
      memoryLimitBytes: 0,
      pids: 0,
    });
    break;
  }
  await skiff().remove('ended');
});

describe('skiff stats', () => {
  it('prints a table once', async () => {
    await using container = await waiting(skiff(), { name: 'shown', ...(canLimit && { memory: '64m' }) });
    const { code, stdout } = await run(['stats', '--no-stream'], { root: skiff().root });
    const lines = stdout
      .toString()
      .split('\n')
      .map(line => line.split(/\s{3,}/));
    expect(code).toBe(0);
    expect(lines[0]).toEqual([
      'CONTAINER ID',
      'NAME',
      'CPU %',
      'MEM USAGE / LIMIT',
      'MEM %',
      'NET I/O',
      'BLOCK I/O',
      'PIDS',
    ]);
    expect(lines[1]).toEqual([
      container.id.slice(0, 12),
      'shown',
      expect.stringMatching(/^\d+\.\d\d%$/),
      expect.stringMatching(canLimit ? /^[\d.]+(KiB|MiB) \/ 64MiB$/ : /^[\d.]+(KiB|MiB) \/ [\d.]+[MGT]iB$/),
      expect.stringMatching(/^\d+\.\d\d%$/),
      '0B / 0B',
      expect.stringMatching(/B \/ .*B$/),
      '1',
    ]);
  });

  it('goes on until nobody reads any more', async () => {
    await using container = await waiting(skiff(), { name: 'long' });
    const child = start(['stats', '--format', '{{.ID}}'], { root: skiff().root });
    const exited = new Promise(resolve => child.once('exit', resolve));
    const first = await new Promise<Buffer>(resolve => child.stdout.once('data', resolve));
    expect(first.toString()).toBe(`${container.id.slice(0, 12)}\n`);
    child.stdout.destroy();
    expect(await exited).toBe(0);
  });

  it('an unknown name is an error', async () => {
    const { code, stderr } = await run(['stats', '--no-stream', 'nobody'], { root: skiff().root });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'skiff: no such container: nobody\n' });
  });
});
