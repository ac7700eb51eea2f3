/**
 * How many system calls a cold start makes, in this process and in the container's own until its command runs, and all
 * is removed: a figure that depends on neither the machine's speed nor what else it does. Whoever adds calls to every
 * start has to raise the budget, and so to say why.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { findProgram } from '../../lib/bench/programs';
import { itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';

/** Of one start of `true` with a memory limit, on overlay and one v1 hierarchy. */
const BUDGET = 245;

/** Their number is a matter of luck: threads that wait for each other, and how often the event loop turns. */
const UNSTEADY = ['futex', 'epoll_pwait', 'epoll_wait', 'madvise', 'sched_yield', 'restart_syscall'];

/** The difference of the two leaves out what is made once. */
const STARTS = [10, 60] as const;

const PROGRAM = `
const { Skiff } = require(process.argv[1]);
(async () => {
  const skiff = await Skiff.open({ root: process.argv[2], storageDriver: 'overlay' });
  const volumes = Array.from({ length: Number(process.argv[4]) }, (_, index) => '/etc:/m/' + index);
  for (let i = 0; i < Number(process.argv[3]); i += 1)
    await skiff.run(['/bin/true'], { memory: '256m', stdout: 'ignore', stderr: 'ignore', volumes });
  await skiff.close();
})();`;

const canTrace =
  process.geteuid?.() === 0 &&
  canLimit &&
  findProgram('strace') !== undefined &&
  /^nodev\toverlay$/m.test(fs.readFileSync('/proc/filesystems', 'utf8'));

/** Of one of a thousand bind mounts: a look at its target, which is made as its source is, and the mount. */
const BUDGET_OF_BIND = 5;
const BINDS = 1000;

/** Calls of a program that starts so many containers, by name. */
function callsOf(starts: number, root: string, directory: string, binds = 0): Map<string, number> {
  const output = path.join(directory, `calls-${starts}`);
  const index = path.join(projectRoot, 'dist', 'index.js');
  const strace = ['-f', '-c', '-U', 'name,calls', '-o', output];
  const node = [process.execPath, '-e', PROGRAM, index, root, String(starts), String(binds)];
  const { status, stderr } = spawnSync('strace', [...strace, ...node], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = fs.readFileSync(output, 'utf8').matchAll(/^(\w+) +(\d+)$/gm);
  return new Map([...lines].map(([, name, calls]) => [name!, Number(calls)]));
}

const traced = itIf(canTrace, 'root with limits, strace and overlayfs are needed', 'strace');

traced(`a cold start makes ${BUDGET} system calls at most`, () => {
  const directory = tempDirectory();
  try {
    const root = tempRoot();
    const [few, many] = STARTS.map(starts => callsOf(starts, root, directory.path));
    const perStart = [...many!]
      .filter(([name]) => name !== 'total' && !UNSTEADY.includes(name))
      .map(([name, calls]) => ({ name, calls: (calls - (few!.get(name) ?? 0)) / (STARTS[1] - STARTS[0]) }))
      .sort((a, b) => b.calls - a.calls);
    const total = perStart.reduce((sum, { calls }) => sum + calls, 0);
    const most = perStart.slice(0, 12).map(({ name, calls }) => `${name} ${calls.toFixed(1)}`);
    // Each start makes the mounts of its root at least: a trace that sees less has not followed the container.
    expect(many!.get('mount')! - few!.get('mount')!).toBeGreaterThanOrEqual(5 * (STARTS[1] - STARTS[0]));
    if (total > BUDGET)
      throw new Error(`${total.toFixed(1)} system calls for each start: ${most.join(', ')}`);
  } finally {
    directory.remove();
  }
});

traced(`one of many bind mounts takes ${BUDGET_OF_BIND} more at most`, () => {
  const directory = tempDirectory();
  try {
    const root = tempRoot();
    const [none, all] = [0, BINDS].map(binds => callsOf(2, root, directory.path, binds));
    const sum = (calls: Map<string, number>) =>
      [...calls].reduce(
        (total, [name, count]) => (name === 'total' || UNSTEADY.includes(name) ? total : total + count),
        0,
      );
    expect(all!.get('mount')! - none!.get('mount')!).toBeGreaterThanOrEqual(2 * BINDS);
    expect((sum(all!) - sum(none!)) / 2 / BINDS).toBeLessThanOrEqual(BUDGET_OF_BIND);
  } finally {
    directory.remove();
  }
});
