import { invalidArgument, type SkiffError } from '../common/errors';
import { usageError } from './parse';

/** Go's strconv.ParseInt, in its words. */
export function parseInteger(given: string): number {
  const quoted = JSON.stringify(given);
  if (!/^[+-]?\d+$/.test(given)) throw invalidArgument(`strconv.ParseInt: parsing ${quoted}: invalid syntax`);
  if (!Number.isSafeInteger(Number(given))) {
    throw invalidArgument(`strconv.ParseInt: parsing ${quoted}: value out of range`);
  }
  return Number(given);
}

/** @throws SkiffError INVALID_ARGUMENT where a command is given words that it has no use for */
export function noArguments(words: readonly string[], command: string): void {
  if (words.length > 0) throw usageError(`"skiff ${command}" accepts no arguments.`, command);
}

/** @throws SkiffError INVALID_ARGUMENT where a command is given none of the words that it needs */
export function atLeastOne(words: readonly string[], command: string): void {
  if (words.length === 0) throw usageError(`"skiff ${command}" requires at least 1 argument.`, command);
}

/** Two flags that do not go together. */
export function usageConflict(one: string, other: string, command: string): SkiffError {
  return usageError(`conflicting options: ${one} and ${other}`, command);
}
