import type { RunOptions } from '../../engine/options';
import { isRootless } from '../../common/rootless';
import { measure } from '../measure';
import { apiRowWith } from '../skiff-rows';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';

const DEFAULTS = 'defaults';

/** From nothing that costs a start to all of it. */
const KINDS: Record<string, RunOptions> = {
  'no filter, all capabilities': { securityOpt: ['seccomp=unconfined'], capAdd: ['ALL'] },
  [DEFAULTS]: {},
  sandbox: { profile: 'sandbox' },
};

/** What only root can have. */
const OF_ROOT: Record<string, RunOptions> = {
  'userns auto': { userns: 'auto' },
  'sandbox, userns host': { profile: 'sandbox', userns: 'host' },
};

/** How tightly a container is shut in. */
export const isolation: Axis = {
  name: 'isolation',
  async measure({ skiff }, { signal, ...options }): Promise<AxisPoint[]> {
    const kinds = Object.entries(isRootless() ? KINDS : { ...KINDS, ...OF_ROOT });
    const rows = kinds.map(([, given]) => apiRowWith(skiff, given));
    const measured = await measure(rows, { ...options, warmUp: 3, signal });
    const [loose, defaults] = measured;
    return measured.map((one, index) => {
      const kind = kinds[index]![0];
      if (index === 0) return pointOf('isolation', kind, one);
      const [to, base] = kind === DEFAULTS ? [kinds[0]![0], loose!] : [DEFAULTS, defaults!];
      return pointOf('isolation', kind, one, compareTimes(to, one.times, base.times));
    });
  },
};
