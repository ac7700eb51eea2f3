import { errorMessage } from '../../common/errors';
import { floorThroughput } from '../floor';
import type { Measured } from '../measure';
import type { Row } from '../row';
import { apiRow } from '../skiff-rows';
import { median, ratios } from '../statistics';
import { pointOf, ratioOf, type Axis, type AxisPoint } from './axis';

const IN_FLIGHT = [1, 2, 8, 32];
/** Of these, the one that is compared with the floor. */
const COMPARED = 8;
const FLOOR_PROCESSES = 2;
/** Of each in one turn. */
const FLOOR_ROUNDS = 200;
/** All of them take turns, so that what disturbs the machine meets all. */
const TURNS = 5;

/** Several starts at the same time, from one program; beside as many floor programs as keep two cores busy. */
export const inFlight: Axis = {
  name: 'in flight',
  async measure({ skiff, floor }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const row = apiRow(skiff);
    const series = IN_FLIGHT.map(count => ({ count, measured: newMeasured(row), perSecond: [] as number[] }));
    const floorPerSecond: number[] = [];
    const perTurn = Math.ceil(rounds / TURNS);
    const start = performance.now();
    for (let turn = 0; turn < TURNS && !signal?.aborted; turn += 1) {
      if (turn > 0 && performance.now() - start > limitMs) break;
      for (const { count, measured, perSecond } of series) {
        const rate = await keepInFlight(measured, { total: Math.max(perTurn, count), count, signal });
        // One that was interrupted tells nothing.
        if (!signal?.aborted) perSecond.push(rate);
      }
      if (!floor || signal?.aborted) continue;
      floorPerSecond.push(
        await floorThroughput(floor, { rounds: Math.min(perTurn, FLOOR_ROUNDS), parallel: FLOOR_PROCESSES }),
      );
    }
    const points = series
      .filter(({ perSecond }) => perSecond.length > 0)
      .map(({ count, measured, perSecond }) => ({
        ...pointOf('in flight', String(count), measured),
        perSecond: median(perSecond),
        ratios:
          count === COMPARED
            ? ratioOf(
                `floor's starts per second, ${FLOOR_PROCESSES} processes`,
                ratios(perSecond, floorPerSecond),
              )
            : [],
      }));
    return floorPerSecond.length > 0 ? [...points, floorPoint(floorPerSecond)] : points;
  },
};

function newMeasured(row: Row): Measured {
  return { row, times: [] };
}

/** @returns starts per second */
async function keepInFlight(
  measured: Measured,
  { total, count, signal }: { total: number; count: number; signal?: AbortSignal },
): Promise<number> {
  let left = total;
  const start = performance.now();
  const worker = async () => {
    while (left > 0 && !signal?.aborted) {
      left -= 1;
      try {
        measured.times.push(await measured.row.round());
      } catch (error) {
        measured.failure ??= errorMessage(error);
        measured.times.push(undefined);
      }
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
  return total / ((performance.now() - start) / 1000);
}

function floorPoint(perSecond: readonly number[]): AxisPoint {
  return {
    axis: 'in flight',
    at: `${FLOOR_PROCESSES} processes`,
    name: 'floor',
    medianMs: (FLOOR_PROCESSES / median(perSecond)) * 1000,
    p99Ms: NaN,
    perSecond: median(perSecond),
    ratios: [],
    failed: 0,
  };
}
