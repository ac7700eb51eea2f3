import { isObject, toText, typeName } from './values';

const VERB = /%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** Go's fmt.Sprintf for what a template can have: %v %s %d %q %t %x %X %o %b %f %e %g %c %T, with width and precision. */
export function sprintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(
    VERB,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const value = values[next++];
      const formatted = formatVerb(
        verb,
        value,
        flags,
        precision === undefined ? undefined : Number(precision),
      );
      return pad(formatted ?? `%!${verb}(${typeName(value)}=${toText(value)})`, flags, Number(width ?? 0));
    },
  );
  const extra = values.slice(next).map(value => `${typeName(value)}=${toText(value)}`);
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text;
}

/** Undefined where the verb is not for such a value. */
function formatVerb(verb: string, value: unknown, flags: string, precision?: number): string | undefined {
  switch (verb) {
    case 'v':
      return toText(value);
    case 'T':
      return typeName(value);
    case 't':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 's':
      return typeof value === 'number' || typeof value === 'boolean'
        ? undefined
        : cut(toText(value), precision);
    case 'q':
      return quote(value);
    default:
      return typeof value === 'number' ? formatNumber(verb, value, flags, precision) : hexOf(verb, value);
  }
}

function formatNumber(verb: string, value: number, flags: string, precision?: number): string | undefined {
  const sign = value >= 0 && flags.includes('+') ? '+' : '';
  const isWhole = Number.isInteger(value);
  const bases: Record<string, number> = { d: 10, x: 16, X: 16, o: 8, b: 2 };
  const base = bases[verb];
  if (base !== undefined) {
    if (!isWhole) return undefined;
    const digits = value.toString(base);
    return sign + (verb === 'X' ? digits.toUpperCase() : digits);
  }
  switch (verb) {
    case 'c':
      return String.fromCodePoint(value);
    case 'f':
    case 'F':
      return sign + value.toFixed(precision ?? 6);
    case 'e':
      return sign + value.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
    case 'g':
      return sign + (precision === undefined ? String(value) : String(Number(value.toPrecision(precision))));
    default:
      return undefined;
  }
}

function hexOf(verb: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || verb.toLowerCase() !== 'x') return undefined;
  const hex = Buffer.from(value).toString('hex');
  return verb === 'X' ? hex.toUpperCase() : hex;
}

function quote(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map(quote).join(' ')}]`;
  if (typeof value === 'number') return `'${String.fromCodePoint(value)}'`;
  return typeof value === 'boolean' || isObject(value) ? undefined : JSON.stringify(toText(value));
}

function cut(text: string, length: number | undefined): string {
  return length === undefined ? text : [...text].slice(0, length).join('');
}

function pad(text: string, flags: string, width: number): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
