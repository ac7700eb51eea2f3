/**
 * The time of CLOCK_MONOTONIC in milliseconds, as the addon's marks have it. Not `performance.now()`: asking for that
 * makes node load all of perf_hooks, which costs a millisecond of every start.
 */
export function monotonicMs(): number {
  // Not destructured: that takes an iterator and its results, several times in each start.
  const time = process.hrtime();
  return time[0] * 1000 + time[1] / 1e6;
}
