/**
 * The time of CLOCK_MONOTONIC in milliseconds, as the addon's marks have it. Not `performance.now()`: asking for that
 * makes node load all of perf_hooks, which costs a millisecond of every start.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
