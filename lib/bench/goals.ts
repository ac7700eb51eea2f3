import type { AxisPoint } from './axes';
import type { EscapeResult } from './escape-suite';

/** A figure beside what is asked of it. */
export interface Goal {
  figure: string;
  measured?: string;
  /** Of a ratio's median. */
  interval?: { low: number; high: number };
  asked: string;
  isMet?: boolean;
  /** Why it was not measured. */
  reason?: string;
}

/** A ratio of the axis of isolation, by its place and row, and what it may be at most. */
const RATIOS = [
  {
    figure: 'cold, all defaults / no filter, all capabilities',
    at: 'defaults',
    name: 'skiff API',
    atMost: 1.15,
  },
  { figure: 'cold, sandbox / defaults', at: 'sandbox', name: 'skiff API', atMost: 1.2 },
  {
    figure: 'cold, without root / root, by the API',
    at: 'without root, no limit',
    name: 'skiff API',
    atMost: 1.4,
  },
  {
    figure: 'cold, without root / root, by the command line',
    at: 'without root, no limit',
    name: 'skiff run',
    atMost: 1.4,
  },
] as const;

/** Attacks that the suite is to have. */
const ATTACKS = 60;
/** Of the CPU time of a fixed load, as a share. */
const VARIATION = 0.02;

/** What is asked of isolation: the places of the axes `isolation` and `cpu`, and the escape suite. */
export function goalsOf(points: readonly AxisPoint[], escape: EscapeResult): Goal[] {
  return [
    ...RATIOS.map(ratio => ratioGoal(ratio, points)),
    escapeGoal(escape),
    ...points.filter(({ at, variation }) => at === 'loop' && variation !== undefined).map(variationGoal),
  ];
}

function ratioGoal(
  { figure, at, name, atMost }: (typeof RATIOS)[number],
  points: readonly AxisPoint[],
): Goal {
  const asked = `at most ${atMost.toFixed(2)}`;
  const failure = points.find(point => point.at === at && point.failure !== undefined)?.failure;
  const ratio = points.find(point => point.at === at && point.name === name)?.ratios[0];
  if (!ratio) return { figure, asked, reason: failure ?? 'it was interrupted' };
  const { median, low, high } = ratio;
  return { figure, measured: median.toFixed(2), interval: { low, high }, asked, isMet: median <= atMost };
}

function escapeGoal({ blocked, tried, skipped, reason }: EscapeResult): Goal {
  const figure = 'attacks that succeed in their control, and are blocked';
  const asked = `all, at least ${ATTACKS}`;
  if (reason !== undefined) return { figure, asked, reason };
  const measured = `${blocked} of ${tried}; ${skipped} have no target here`;
  return { figure, measured, asked, isMet: blocked === tried && tried >= ATTACKS };
}

function variationGoal({ name, variation = NaN }: AxisPoint): Goal {
  return {
    figure: `CPU time told of a fixed load, ${name}: coefficient of variation`,
    measured: `${(variation * 100).toFixed(2)} %`,
    asked: `at most ${(VARIATION * 100).toFixed(0)} %`,
    isMet: variation <= VARIATION,
  };
}
