import type { BenchSession } from '../session';
import type { Axis, AxisPoint } from './axis';
import { cpuTime } from './cpu-time';
import { files } from './files';
import { idle } from './idle';
import { images } from './images';
import { inFlight } from './in-flight';
import { isolation } from './isolation';
import { layers } from './layers';
import { life } from './life';
import { list } from './list';
import { log } from './log';
import { mounts } from './mounts';
import { resident } from './resident';

export type { AxisPoint, AxisRatio } from './axis';

/** By the names that --axis takes. */
const AXES: Readonly<Record<string, Axis>> = {
  flight: inFlight,
  memory: resident,
  idle,
  layers,
  mounts,
  files,
  life,
  list,
  log,
  images,
  cpu: cpuTime,
  isolation,
};

/** Names that --axis takes. */
export const AXIS_NAMES: readonly string[] = Object.keys(AXES);

/** All of them stay below three minutes with this. */
const LIMIT_MS = 20_000;

/**
 * What a start costs where more is going on than the start itself. Cost must not grow with what is not touched.
 *
 * @param options.only names of the axes to measure; all where undefined
 */
export async function measureAxes(
  session: BenchSession,
  options: {
    rounds: number;
    only?: readonly string[];
    onProgress?: (share: number, name: string) => void;
    signal?: AbortSignal;
  },
): Promise<AxisPoint[]> {
  const { rounds, only = AXIS_NAMES, onProgress, signal } = options;
  const points: AxisPoint[] = [];
  for (const [index, name] of only.entries()) {
    if (signal?.aborted) break;
    const axis = AXES[name]!;
    onProgress?.(index / only.length, axis.name);
    points.push(...(await axis.measure(session, { rounds, limitMs: LIMIT_MS, signal })));
  }
  // An axis that was interrupted has not been everywhere.
  return points.filter(({ medianMs, failed }) => failed > 0 || !Number.isNaN(medianMs));
}
