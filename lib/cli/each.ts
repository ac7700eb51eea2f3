import { Skiff } from '../engine';
import { writeOut } from './output';
import { usageError } from './parse';
import { reportError } from './report';

/** So many are worked on at once. */
const AT_ONCE = 50;

/**
 * Do the same with every container that is named, and print each name (or what the action returns) in that order. As
 * Docker does, the others are done where one fails, and the exit code tells.
 *
 * @param command its name, for messages
 * @returns the exit code
 */
export async function forEachContainer(
  command: string,
  words: readonly string[],
  root: string | undefined,
  action: (skiff: Skiff, reference: string) => Promise<string | number | void>,
  { starts = false }: { starts?: boolean } = {},
): Promise<number> {
  if (words.length === 0) throw usageError(`"skiff ${command}" requires at least 1 argument.`, command);
  const skiff = await Skiff.open({ root, idle: !starts });
  let code = 0;
  try {
    for (let at = 0; at < words.length; at += AT_ONCE) {
      const some = words.slice(at, at + AT_ONCE).map(word => ({ word, done: action(skiff, word) }));
      await Promise.allSettled(some.map(({ done }) => done));
      for (const { word, done } of some) {
        try {
          writeOut(`${(await done) ?? word}\n`);
        } catch (error) {
          code = reportError(error);
        }
      }
    }
  } finally {
    await skiff.close();
  }
  return code;
}
