import { invalidArgument } from '../common/errors';

/** Go's strconv.ParseInt, in its words. */
export function parseInteger(given: string): number {
  const quoted = JSON.stringify(given);
  if (!/^[+-]?\d+$/.test(given)) throw invalidArgument(`strconv.ParseInt: parsing ${quoted}: invalid syntax`);
  if (!Number.isSafeInteger(Number(given))) {
    throw invalidArgument(`strconv.ParseInt: parsing ${quoted}: value out of range`);
  }
  return Number(given);
}
