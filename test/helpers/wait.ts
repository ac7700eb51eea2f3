import { slowness } from './slowness';

const INTERVAL_MS = 20;

/**
 * Wait until a function gives something other than `undefined` or `false`.
 *
 * @param what named by the error
 * @param probe called every 20 ms
 * @throws Error after `timeoutMs`
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 10_000 * slowness,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, INTERVAL_MS));
  }
}
