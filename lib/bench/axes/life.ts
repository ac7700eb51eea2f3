import path from 'node:path';
import { packageRoot } from '../../common/package';
import type { Skiff } from '../../engine';
import { measure, SETTLE_MS, type Measured } from '../measure';
import { timeProgram } from '../programs';
import { ALL_FEATURES, type Row } from '../row';
import { cliRow, MEMORY_LIMIT, nodeRow, TRUE } from '../skiff-rows';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';

/** Ends at once when it is asked to, as a well-behaved service does. */
const OBEYING = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'];

/** What the commands of a detached container's life cost beside one in the foreground, and beside an empty Node program. */
export const life: Axis = {
  name: 'life',
  async measure({ skiff }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const idle = await skiff.create(['sleep', '86400'], { memory: MEMORY_LIMIT });
    try {
      await idle.start();
      const rows = [
        nodeRow(),
        cliRow(skiff.root),
        detachedRow(skiff),
        row('skiff exec', skiff.root, () => ['exec', idle.id, TRUE]),
        stopRow(skiff),
      ];
      const measured = await measure(rows, { rounds, warmUp: 2, limitMs, settleMs: SETTLE_MS, signal });
      return pointsOf(measured);
    } finally {
      await idle.remove({ force: true });
    }
  },
};

function pointsOf([node, run, detached, exec, stop]: readonly Measured[]): AxisPoint[] {
  const point = (measured: Measured, to: string, base: Measured) =>
    pointOf('life', '', measured, compareTimes(to, measured.times, base.times));
  return [
    pointOf('life', '', node!),
    pointOf('life', '', run!),
    point(detached!, 'skiff run', run!),
    point(exec!, 'skiff run', run!),
    point(stop!, 'node -e 0', node!),
    // What it takes beyond what every program of Node does.
    pointOf('life', '', {
      row: { ...stop!.row, name: 'skiff stop, beyond node' },
      times: stop!.times.map((time, round) => minus(time, node!.times[round])),
    }),
  ];
}

function minus(time: number | undefined, base: number | undefined): number | undefined {
  return time === undefined || base === undefined ? undefined : time - base;
}

/** A command of a process of its own. */
function row(name: string, root: string, args: () => string[]): Row {
  const program = path.join(packageRoot(), 'bin', 'run');
  return {
    name,
    title: `${name}, a process of its own`,
    does: ALL_FEATURES,
    round: () => timeProgram(program, ['--root', root, ...args()]),
  };
}

/** To the printed id; what it started is removed off the clock. */
function detachedRow(skiff: Skiff): Row {
  const name = 'bench-detached';
  const started = row('skiff run -d', skiff.root, () => [
    'run',
    '-d',
    '--name',
    name,
    '-m',
    MEMORY_LIMIT,
    TRUE,
  ]);
  return {
    ...started,
    async round() {
      try {
        return await started.round();
      } finally {
        await (await skiff.get(name)).remove({ force: true });
      }
    },
  };
}

/** Of a container that obeys; it is started and removed off the clock. */
function stopRow(skiff: Skiff): Row {
  let id = '';
  const stopped = row('skiff stop', skiff.root, () => ['stop', id]);
  return {
    ...stopped,
    async round() {
      const container = await skiff.create(OBEYING, { memory: MEMORY_LIMIT });
      id = container.id;
      try {
        await container.start();
        await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
        return await stopped.round();
      } finally {
        await container.remove({ force: true });
      }
    },
  };
}
