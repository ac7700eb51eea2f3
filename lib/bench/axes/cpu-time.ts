import { measure, type Measured } from '../measure';
import { ALL_FEATURES, type Row } from '../row';
import { variation } from '../statistics';
import type { RunOptions, RunResult } from '../../engine/options';
import { pointOf, type Axis, type AxisPoint } from './axis';

const SANDBOX = { profile: 'sandbox', stdout: 'ignore', stderr: 'ignore' } as const satisfies RunOptions;

/** Steps of a shell's loop: the same work every time, and of a length that is judged by. */
const STEPS = 100_000;
const LOADS: Record<string, string[]> = {
  true: ['true'],
  loop: ['sh', '-c', `i=0; while [ $i -lt ${STEPS} ]; do i=$((i + 1)); done`],
};

type Run = (command: readonly string[]) => Promise<RunResult>;

/**
 * CPU time as a verdict tells it, of a fixed load: whether it is the same every time. That of `true` is what is counted
 * beside the command itself.
 */
export const cpuTime: Axis = {
  name: 'CPU time told',
  async measure({ skiff }, { signal, ...options }): Promise<AxisPoint[]> {
    await using pool = await skiff.pool({ ...SANDBOX, size: 2 });
    const runs: Record<string, Run> = {
      'skiff API': command => skiff.run(command, SANDBOX),
      'skiff API warm': command => pool.run(command),
    };
    const places = Object.keys(LOADS).flatMap(at => Object.keys(runs).map(name => ({ at, name })));
    const rows = places.map(({ at, name }) => cpuTimeRow(name, LOADS[at]!, runs[name]!));
    const measured = await measure(rows, { ...options, warmUp: 2, signal });
    return measured.map((one, index) => withVariation(pointOf('CPU time told', places[index]!.at, one), one));
  },
};

function cpuTimeRow(name: string, command: readonly string[], run: Run): Row {
  return {
    name,
    title: 'CPU time of a sandbox',
    does: ALL_FEATURES,
    async round() {
      const { verdict } = await run(command);
      if (verdict.status !== 'ok') throw new Error(`verdict ${verdict.status}`);
      return verdict.cpuMs;
    },
  };
}

function withVariation(point: AxisPoint, { times }: Measured): AxisPoint {
  const good = times.filter(time => time !== undefined);
  return good.length < 2 ? point : { ...point, variation: variation(good) };
}
