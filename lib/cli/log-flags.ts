import { invalidArgument } from '../common/errors';
import { parseTime } from '../common/time';
import { toggle, value, type Flags } from './flags';

/** A moment: `10m` is that long before now. */
export function timeFlag(summary: string) {
  return value(given => parseTime(given), { helpValue: '<time>', summary });
}

export const logFlags = {
  follow: toggle({ char: 'f', summary: 'Go on with what is written, until the container ends' }),
  timestamps: toggle({ char: 't', summary: 'Show the time of each line' }),
  tail: value(parseTail, { char: 'n', helpValue: '<lines>', summary: 'So many lines of the end, or all' }),
  since: timeFlag('What was written since a time (2026-11-25T14:00:00Z) or in a duration (42m)'),
  until: timeFlag('What was written before a time or a duration ago'),
} satisfies Flags;

/** As Docker has it a negative number is all of them. */
function parseTail(given: string): number {
  if (given === 'all' || /^-\d+$/.test(given)) return Infinity;
  if (!/^\d+$/.test(given)) throw invalidArgument('must be a number of lines, or all');
  return Number(given);
}
