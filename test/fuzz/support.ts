import { inspect } from 'node:util';
import fc from 'fast-check';
import { SkiffError } from '../../lib/common/errors';

/**
 * More of them by SKIFF_FUZZ_RUNS, others by SKIFF_FUZZ_SEED. CI's are bounded and always the same: what is judged is the
 * change, not the luck of the day.
 */
export function runs(count: number): { numRuns: number; seed: number } {
  const { SKIFF_FUZZ_RUNS, SKIFF_FUZZ_SEED } = process.env;
  return { numRuns: Number(SKIFF_FUZZ_RUNS ?? count), seed: Number(SKIFF_FUZZ_SEED ?? 1) };
}

/**
 * Give input that may be broken in any way to whatever reads it: it succeeds, or says what is wrong as a SkiffError.
 *
 * @returns what it gave; undefined where it refused
 */
export async function tolerant<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (SkiffError.is(error)) return undefined;
    throw new Error(`not a SkiffError: ${inspect(error)}`, { cause: error });
  }
}

/** What stands where something else is expected. */
const anything = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    '\0',
    '/',
    '..',
    '__proto__',
    [],
    {},
    [null],
    ['a'],
  ),
  fc.constantFrom<unknown>([[]], [{}], { a: null }, { a: 1 }, ['4.8'], 'sha256:', 2 ** 53),
  fc.jsonValue({ maxDepth: 2 }),
);

/** One change: at a place that the numbers choose, and what is to be there; undefined takes it away. */
const change = fc.record({
  place: fc.array(fc.nat(50), { minLength: 1, maxLength: 6 }),
  value: fc.option(anything, { nil: undefined }),
});

/** A JSON document as it should be, with a few of its values replaced or taken away. */
export function damagedJson(document: object): fc.Arbitrary<unknown> {
  return fc.array(change, { maxLength: 3 }).map(changes => {
    const holder = { document: structuredClone(document) as unknown };
    for (const { place, value } of changes) damage(holder, ['document'], place, value);
    return holder.document;
  });
}

/** Go down by the numbers, and replace what is there where they or the document end. */
function damage(parent: object, keys: string[], [number = 0, ...deeper]: number[], value: unknown): void {
  const target = parent as Record<string, unknown>;
  const key = keys[number % keys.length]!;
  const child = target[key];
  const below = typeof child === 'object' && child !== null ? Object.keys(child) : [];
  if (deeper.length > 0 && below.length > 0) damage(child as object, below, deeper, value);
  else if (value === undefined) delete target[key];
  else target[key] = structuredClone(value);
}

/** Bytes as they should be, with some of them changed, cut out, doubled, or all behind a place gone. */
export function damagedBytes(whole: Buffer): fc.Arbitrary<Buffer> {
  const at = fc.nat(whole.length);
  const edit = fc.oneof(
    fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 24 })).map(([place, bytes]) => (given: Buffer) => {
      const changed = Buffer.from(given);
      changed.set(bytes.subarray(0, Math.max(0, changed.length - place)), Math.min(place, changed.length));
      return changed;
    }),
    fc.tuple(at, fc.nat(1024)).map(
      ([place, length]) =>
        (given: Buffer) =>
          Buffer.concat([given.subarray(0, place), given.subarray(place + length)]),
    ),
    fc.tuple(at, fc.nat(1024)).map(
      ([place, length]) =>
        (given: Buffer) =>
          Buffer.concat([given.subarray(0, place + length), given.subarray(place)]),
    ),
    at.map(place => (given: Buffer) => given.subarray(0, place)),
  );
  return fc.array(edit, { maxLength: 4 }).map(edits => edits.reduce((bytes, apply) => apply(bytes), whole));
}
