import { sprintf } from './printf';
import { isMap, isObject, isTrue, toText, typeName, zeroOf } from './values';

/** What a template can call; an error's message is what kept it. */
export type TemplateFunction = (...values: unknown[]) => unknown;

/** Docker's own functions (templates.basicFunctions of docker/cli). */
const docker: Record<string, TemplateFunction> = {
  json: value => JSON.stringify(value ?? null),
  split: (value, separator) => text(value).split(text(separator)),
  join: (values, separator) => list(values).map(toText).join(text(separator)),
  title: value =>
    text(value).replace(/(^|\s)(\S)/gu, (_, before: string, first: string) => before + first.toUpperCase()),
  lower: value => text(value).toLowerCase(),
  upper: value => text(value).toUpperCase(),
  pad: (value, before, after) =>
    text(value) === '' ? '' : ' '.repeat(count(before)) + text(value) + ' '.repeat(count(after)),
  truncate: (value, length) => [...text(value)].slice(0, count(length)).join(''),
};

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** Those that text/template has for every template; `and` and `or` end at the first that decides, in evaluate.ts. */
const builtin: Record<string, TemplateFunction> = {
  and: (...values) => values.find(value => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: value => !isTrue(value),
  len: value => lengthOf(value),
  index: (value, ...keys) => keys.reduce(indexOnce, value),
  slice,
  print: (...values) => print(values),
  printf: (format, ...values) => sprintf(text(format), values),
  println: (...values) => `${values.map(toText).join(' ')}\n`,
  eq: (value, ...others) => others.some(other => isEqual(value, other)),
  ne: (value, other) => !isEqual(value, other),
  lt: (one, other) => compare(one, other) < 0,
  le: (one, other) => compare(one, other) <= 0,
  gt: (one, other) => compare(one, other) > 0,
  ge: (one, other) => compare(one, other) >= 0,
  html: (...values) => print(values).replace(/[&<>"']/g, character => HTML[character]!),
  urlquery: (...values) => encodeURIComponent(print(values)).replace(/%20/g, '+'),
};

/** How many arguments each takes where that is not one: at least, at most. */
const ARITIES: Record<string, [least: number, most: number]> = {
  split: [2, 2],
  join: [2, 2],
  pad: [3, 3],
  truncate: [2, 2],
  and: [1, Infinity],
  or: [1, Infinity],
  index: [1, Infinity],
  slice: [1, 4],
  print: [0, Infinity],
  printf: [1, Infinity],
  println: [0, Infinity],
  eq: [2, Infinity],
  ne: [2, 2],
  lt: [2, 2],
  le: [2, 2],
  gt: [2, 2],
  ge: [2, 2],
  html: [0, Infinity],
  urlquery: [0, Infinity],
};

/** Every function by its name. */
export const functions: Readonly<Record<string, TemplateFunction>> = { ...builtin, ...docker };

/**
 * The functions for a table's heads: a head is the same whatever is made of the values below it (docker/cli's
 * HeaderFunctions).
 */
export const headFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...functions,
  ...Object.fromEntries(
    ['json', 'title', 'lower', 'upper', 'split', 'join', 'truncate'].map(name => [name, head]),
  ),
};

/** @throws Error with the reason where a function is not called with as many arguments as it takes */
export function checkArity(name: string, given: number): void {
  const [least, most] = ARITIES[name] ?? [1, 1];
  if (given >= least && given <= most) return;
  const want =
    most === Infinity ? `at least ${least}` : least === most ? String(least) : `${least} to ${most}`;
  throw new Error(`wrong number of args for ${name}: want ${want} got ${given}`);
}

function head(value: unknown): unknown {
  return value;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`);
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  // A list that is not there.
  if (value === null || value === undefined) return [];
  throw new Error(`wrong type for value; expected []string; got ${typeName(value)}`);
}

function count(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return Math.max(0, value);
  throw new Error(`wrong type for value; expected int; got ${typeName(value)}`);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new Error(`len of type ${typeName(value)}`);
}

function indexOnce(value: unknown, key: unknown): unknown {
  if (isObject(value)) {
    const name = text(key);
    if (Object.hasOwn(value, name)) return value[name];
    return isMap(value) ? zeroOf(value) : undefined;
  }
  if (!Array.isArray(value) && typeof value !== 'string') {
    throw new Error(value === null ? 'index of nil pointer' : `can't index item of type ${typeName(value)}`);
  }
  if (typeof key !== 'number') throw new Error(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0 || key >= lengthOf(value)) throw new Error(`index out of range: ${key}`);
  return typeof value === 'string' ? Buffer.from(value)[key] : value[key];
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw new Error(`can't slice item of type ${typeName(value)}`);
  }
  const [from = 0, to = value.length] = bounds.map(count);
  if (from > to || to > value.length) throw new Error(`index out of range: ${Math.max(from, to)}`);
  return value.slice(from, to);
}

/** A blank between two of which neither is a text, as fmt.Sprint does. */
function print(values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const apart = at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string';
      return (apart ? ' ' : '') + toText(value);
    })
    .join('');
}

function isEqual(one: unknown, other: unknown): boolean {
  const isBasic = (value: unknown) => !isObject(value) && !Array.isArray(value);
  if (!isBasic(one) || !isBasic(other)) throw new Error('non-comparable type');
  if (one === null || one === undefined || other === null || other === undefined) {
    return (one ?? null) === (other ?? null);
  }
  if (typeof one !== typeof other) throw new Error('incompatible types for comparison');
  return one === other;
}

function compare(one: unknown, other: unknown): number {
  if (typeof one !== typeof other) throw new Error('incompatible types for comparison');
  if (typeof one === 'number') return one - (other as number);
  if (typeof one === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other as string));
  throw new Error('invalid type for comparison');
}
