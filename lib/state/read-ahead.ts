import { native } from '../native';

/** So many are read at once: while these are looked at, the next are read on another thread. */
export const BATCH = 128;

export interface ReadRecord {
  id: string;
  /** What its record holds, not yet checked; undefined where it has to be read alone, which tells why. */
  value: unknown;
}

/**
 * The records of many containers, a batch at a time.
 *
 * @param containers the directory of their directories
 * @param file name of the record in each
 */
export async function* readAhead(
  containers: string,
  ids: readonly string[],
  file: string,
): AsyncGenerator<ReadRecord[], void, undefined> {
  const batches: string[][] = [];
  for (let at = 0; at < ids.length; at += BATCH) batches.push(ids.slice(at, at + BATCH));
  // A line feed stands in no JSON text's string: one that was cut off cannot go on in the next.
  const read = (names: string[]) =>
    native().joinTexts({ directory: containers, names, file, between: '\n,', missing: 'null' });
  let next = read(batches[0] ?? []);
  for (const [at, batch] of batches.entries()) {
    const text = await next;
    const following = batches[at + 1];
    if (following) next = read(following);
    const values = parseAll(text, batch.length);
    yield batch.map((id, index) => ({ id, value: values?.[index] ?? undefined }));
  }
}

/** All of them by one call; undefined where one is broken, and it is not known which. */
function parseAll(text: string, count: number): unknown[] | undefined {
  try {
    const values = JSON.parse(`[${text}]`) as unknown[];
    return values.length === count ? values : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
