import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../common/errors';
import type { Row } from './row';

/** Long enough for what a row leaves behind, in ms: a pool parks another container, an engine's helpers end. */
export const SETTLE_MS = 30;

export interface MeasureOptions {
  /** Rounds of each row. */
  rounds: number;
  /** Rounds before these that are not counted. */
  warmUp: number;
  /** Ms after which no round more is begun. */
  limitMs: number;
  /** Ms to wait behind each round, off the clock: what it leaves to be done must not be in the next row's time. */
  settleMs?: number;
  /** Called before each round with the share that is done, 0 to 1, and the row that runs. */
  onProgress?: (share: number, name: string) => void;
  /** Once aborted, no row more is begun. */
  signal?: AbortSignal;
}

/** One row's times: ms for each round, undefined for one that failed. */
export interface Measured {
  row: Row;
  times: (number | undefined)[];
  /** The first failure's message. */
  failure?: string;
}

/**
 * Measure rows in interleaved rounds, A B C A B C: what disturbs the machine for a while disturbs all of them alike.
 * A row that fails goes on in the next round; its failures are counted, not hidden.
 */
export async function measure(rows: readonly Row[], options: MeasureOptions): Promise<Measured[]> {
  const { rounds, warmUp, limitMs, settleMs = 0, onProgress, signal } = options;
  const results: Measured[] = rows.map(row => ({ row, times: [] }));
  const start = performance.now();
  for (let round = -warmUp; round < rounds; round += 1) {
    const spent = performance.now() - start;
    if (signal?.aborted || (round > 0 && spent > limitMs)) break;
    for (const [index, result] of results.entries()) {
      const done = (round + warmUp + index / results.length) / (rounds + warmUp);
      onProgress?.(Math.max(done, spent / limitMs), result.row.name);
      const time = await timeOf(result);
      if (settleMs > 0) await sleep(settleMs);
      // A row that was interrupted tells nothing.
      if (signal?.aborted) return results;
      if (round >= 0) result.times.push(time);
    }
  }
  return results;
}

async function timeOf(result: Measured): Promise<number | undefined> {
  try {
    return await result.row.round();
  } catch (error) {
    result.failure ??= errorMessage(error);
    return undefined;
  }
}
