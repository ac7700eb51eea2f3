import { invalidArgument } from '../common/errors';
import { findRatio, type BenchResult, type Ratio } from './results';

/** How much a ratio may grow beyond both intervals before the check fails. */
const TOLERANCE = 0.15;

/** Rows that can regress: a peer's own change is none of ours. */
const OURS = ['skiff API', 'skiff API warm', 'skiff run', 'skiff --help'];

/** One ratio that was compared with a stored one. */
export interface Comparison {
  of: string;
  to: string;
  stored: number;
  measured: number;
  /** What it may be at most: the stored interval's upper end and the tolerance. */
  limit: number;
  ok: boolean;
}

/**
 * Compare ratios with a stored result's, never times: a slower machine is no regression. A ratio fails where even the
 * lower end of its interval is more than 15 % above the upper end of the stored one's.
 *
 * @param options.rows only ratios of these rows; what is not ours cannot regress
 */
export function compare(
  measured: BenchResult,
  stored: BenchResult,
  { rows = OURS }: { rows?: readonly string[] } = {},
): Comparison[] {
  return measured.ratios
    .filter(({ of }) => rows.includes(of))
    .flatMap(now => {
      const before = findRatio(stored, now.of, now.to);
      return before ? [compareOne(now, before)] : [];
    });
}

function compareOne(now: Ratio, before: Ratio): Comparison {
  const limit = before.high * (1 + TOLERANCE);
  return { of: now.of, to: now.to, stored: before.median, measured: now.median, limit, ok: now.low <= limit };
}

/**
 * Read a stored result.
 *
 * @throws SkiffError INVALID_ARGUMENT where it is something else
 */
export function parseResult(text: string, file: string): BenchResult {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(
      `${file}: not a result of skiff bench: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (!isResult(parsed)) throw invalidArgument(`${file}: not a result of skiff bench --format json`);
  return parsed;
}

function isResult(value: unknown): value is BenchResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'ratios' in value &&
    Array.isArray(value.ratios)
  );
}
