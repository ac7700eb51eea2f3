import path from 'node:path';
import { packageRoot } from '../../common/package';
import { Skiff } from '../../engine';
import { measure } from '../measure';
import { timeProgram } from '../programs';
import type { Row } from '../row';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';

const FEW = 10;
const MANY = 1000;
/** As many are made at the same time. */
const AT_ONCE = 4;

/** `ps -a` where there are few containers and where there are many. */
export const list: Axis = {
  name: 'containers listed',
  async measure({ directory, skiff }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const [layer = ''] = await skiff.layers();
    const roots = [FEW, MANY].map(count => ({ count, root: path.join(directory, `list-${count}`) }));
    const opened: Skiff[] = [];
    try {
      for (const { count, root } of roots) {
        const engine = await Skiff.open({ root });
        opened.push(engine);
        await fill(engine, count, layer, signal);
      }
      const rows = roots.map(({ count, root }) => listRow(count, root));
      const [few, many] = await measure(rows, { rounds, warmUp: 2, limitMs, signal });
      return [
        pointOf('containers listed', String(FEW), few!),
        pointOf('containers listed', String(MANY), many!, compareTimes(String(FEW), many!.times, few!.times)),
      ];
    } finally {
      for (const engine of opened) {
        for (const { id } of await engine.list()) await (await engine.get(id)).remove({ force: true });
        await engine.close();
      }
    }
  },
};

async function fill(engine: Skiff, count: number, rootfs: string, signal?: AbortSignal): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left > 0 && !signal?.aborted) {
      left -= 1;
      await engine.create(['true'], { rootfs });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

function listRow(count: number, root: string): Row {
  const program = path.join(packageRoot(), 'bin', 'run');
  return {
    name: 'skiff ps -a',
    title: `${count} containers`,
    does: [],
    round: () => timeProgram(program, ['--root', root, 'ps', '-a']),
  };
}
