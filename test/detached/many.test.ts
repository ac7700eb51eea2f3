/** Many detached containers at once: 60, or as many as SKIFF_MANY says. */
import fs from 'node:fs';
import { Skiff } from '../../lib/engine';
import type { ManagedContainer } from '../../lib/engine/managed-container';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';
import { cgroupsOf, containersOf, isRunning, leftSince, lookAround, mountsBelow } from '../life/support';

const COUNT = Number(process.env.SKIFF_MANY ?? 60);
/** As many are started and removed at the same time. */
const AT_ONCE = 4;
/** What an idle container may cost in memory that nobody shares with it, in KiB. */
const MOST_MEMORY = 400;

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Memory that a process has for itself, in KiB: proc_pid_smaps(5). */
function privateMemory(pid: number): number {
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sizes = [...rollup.matchAll(/^Private_\w+: +(\d+) kB$/gm)].map(match => Number(match[1]));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]!;
}

function openDescriptors(): number {
  return fs.readdirSync('/proc/self/fd').length;
}

/** Available memory of the machine, in MiB. */
function availableMemory(): number {
  return Number(/^MemAvailable: +(\d+)/m.exec(fs.readFileSync('/proc/meminfo', 'utf8'))![1]) / 1024;
}

/** What a run by hand is for; nothing of it is asserted: the machine may be anybody's. */
function tell(figures: Record<string, string | number>): void {
  if (process.env.SKIFF_MANY) process.stderr.write(`${JSON.stringify(figures)}\n`);
}

test(
  `${COUNT} of them are started, listed, stopped and removed, and all is as before`,
  async () => {
    const root = tempRoot();
    await using skiff = await Skiff.open({ root });
    await skiff.run(['true']);
    const before = lookAround();
    const descriptors = openDescriptors();
    const memory = availableMemory();

    const containers: ManagedContainer[] = [];
    const startBegin = performance.now();
    await inLanes(
      Array.from({ length: COUNT }, (_, index) => `many-${index}`),
      async name => {
        const container = await skiff.create(['sleep', '100000'], {
          name,
          ...(canLimit && { memory: '64m' }),
        });
        await container.start();
        containers.push(container);
      },
    );
    const startMs = (performance.now() - startBegin) / COUNT;
    expect(openDescriptors()).toBe(descriptors);
    expect(mountsBelow(root)).toHaveLength(COUNT);

    const listBegin = performance.now();
    const listed = await skiff.list();
    const listMs = performance.now() - listBegin;
    expect(listed.map(({ id }) => id).sort()).toEqual(containers.map(({ id }) => id).sort());
    expect(listed.every(({ status, pid }) => status === 'running' && isRunning(pid!))).toBe(true);
    expect((await run(['ps', '-q', '--no-trunc'], { root })).stdout.toString().split('\n')).toHaveLength(
      COUNT + 1,
    );

    const each = listed.map(({ id, pid }) => {
      const record = JSON.parse(fs.readFileSync(`${root}/containers/${id}/state.json`, 'utf8')) as {
        state: { monitor: { pid: number } };
      };
      return { monitor: privateMemory(record.state.monitor.pid), init: privateMemory(pid!) };
    });
    const memoryEach = median(each.map(({ monitor }) => monitor));
    expect(memoryEach).toBeLessThanOrEqual(MOST_MEMORY);
    const taken = (memory - availableMemory()) / COUNT;

    const endBegin = performance.now();
    await inLanes(containers, container => container.stop({ timeout: 0 }));
    const stopMs = (performance.now() - endBegin) / COUNT;
    expect((await skiff.list()).every(({ status }) => status === 'exited')).toBe(true);
    expect(mountsBelow(root)).toEqual([]);
    expect(containers.slice(0, 5).flatMap(({ id }) => cgroupsOf(id))).toEqual([]);
    const removeBegin = performance.now();
    await inLanes(containers, container => container.remove());
    const removeMs = (performance.now() - removeBegin) / COUNT;

    expect(containersOf(root)).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
    expect(await leftSince(before)).toEqual([]);
    tell({
      count: COUNT,
      startMs,
      listMs,
      stopMs,
      removeMs,
      monitorKiB: memoryEach,
      commandKiB: median(each.map(({ init }) => init)),
      machineMiBEach: taken,
      machineMiBLeft: memory - availableMemory(),
    });
  },
  120_000 + COUNT * 500,
);
