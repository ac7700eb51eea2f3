const ZERO = Symbol('value of a missing key');

type Entries = Record<string | symbol, unknown>;

/**
 * Mark an object as a map: a key that it does not have is no error there, as an unknown field of a record is. JSON and
 * everybody else sees a plain object.
 *
 * @param zero what `index` gives for a missing key: Go's zero value of the map's type
 */
export function mapOf<T>(entries: Record<string, T>, zero: unknown = ''): Record<string, T> {
  return Object.defineProperty({ ...entries }, ZERO, { value: zero, enumerable: false });
}

export function isObject(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isMap(value: unknown): value is Entries {
  return isObject(value) && ZERO in value;
}

export function zeroOf(map: Entries): unknown {
  return map[ZERO as unknown as string];
}

/** What counts as true in `if`, `and`, `or`: all but false, 0, nil and what is empty. A record always counts. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as fmt prints it with %v. */
export function toText(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(toText).join(' ')}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map(key => `${key}:${toText(value[key])}`).join(' ')}]`;
  }
  if (isObject(value)) return `{${Object.values(value).map(toText).join(' ')}}`;
  return String(value);
}

/** A type's name for messages. */
export function typeName(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isMap(value)) return 'map[string]interface {}';
  if (isObject(value)) return 'struct';
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float64';
    case 'boolean':
      return 'bool';
    case 'function':
      return 'func';
    default:
      return 'string';
  }
}
