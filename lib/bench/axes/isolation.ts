import type { RunOptions } from '../../engine/options';
import { isRootless } from '../../common/rootless';
import { measure, type Measured } from '../measure';
import type { Row } from '../row';
import { apiRowWith } from '../skiff-rows';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';
import { makeModes, ROOTFUL, ROOTLESS } from './modes';

const LOOSE = 'no filter, all capabilities';
const DEFAULTS = 'defaults';
const SANDBOX = 'sandbox';

/** From nothing that costs a start to all of it. */
const KINDS: Record<string, RunOptions> = {
  [LOOSE]: { securityOpt: ['seccomp=unconfined'], capAdd: ['ALL'] },
  [DEFAULTS]: {},
  [SANDBOX]: { profile: 'sandbox' },
};

/** What only root can have. */
const OF_ROOT: Record<string, RunOptions> = {
  'userns auto': { userns: 'auto' },
  'sandbox, userns host': { profile: 'sandbox', userns: 'host' },
};

/** What each place is compared with; of the same row. */
const COMPARED: Record<string, string> = {
  [DEFAULTS]: LOOSE,
  [SANDBOX]: DEFAULTS,
  'userns auto': DEFAULTS,
  'sandbox, userns host': DEFAULTS,
  [ROOTLESS]: ROOTFUL,
};

interface Place {
  at: string;
  row: Row;
}

/** How tightly a container is shut in, and by whom. */
export const isolation: Axis = {
  name: 'isolation',
  async measure(session, { signal, ...options }): Promise<AxisPoint[]> {
    const kinds = Object.entries(isRootless() ? KINDS : { ...KINDS, ...OF_ROOT });
    const modes = await makeModes(session);
    try {
      const places: Place[] = [
        ...kinds.map(([at, given]) => ({ at, row: apiRowWith(session.skiff, given) })),
        ...modes.rows,
      ];
      const rows = places.map(({ row }) => row);
      const measured = await measure(rows, { ...options, warmUp: 3, signal });
      const points = places.map((place, index) => pointAt(place, measured[index]!, { places, measured }));
      return modes.reason === undefined ? points : [...points, notMeasured(modes.reason)];
    } finally {
      await modes.close();
    }
  },
};

function pointAt(
  { at, row }: Place,
  one: Measured,
  { places, measured }: { places: readonly Place[]; measured: readonly Measured[] },
): AxisPoint {
  const to = COMPARED[at];
  const base = measured[places.findIndex(place => place.at === to && place.row.name === row.name)];
  return pointOf('isolation', at, one, to && base ? compareTimes(to, one.times, base.times) : []);
}

function notMeasured(failure: string): AxisPoint {
  const figures = { medianMs: NaN, p99Ms: NaN, ratios: [], failed: 1 };
  return { axis: 'isolation', at: ROOTLESS, name: 'skiff API', ...figures, failure };
}
