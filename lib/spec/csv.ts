import { invalidArgument } from '../common/errors';

/**
 * One record of comma-separated values, RFC 4180, as strict as Go's encoding/csv: a field with a comma, a quote or a line
 * break in it stands in double quotes, and a quote in it is doubled.
 *
 * @throws SkiffError INVALID_ARGUMENT in the words of Go
 */
export function parseCsv(text: string): string[] {
  if (text === '') throw invalidArgument('value is empty');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; at += 1) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    fields.push(field);
    at = end;
  }
  return fields;
}

/** @returns the field and the place of the comma or the end behind it */
function plainField(text: string, start: number): { field: string; end: number } {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const field = text.slice(start, end);
  const quote = field.indexOf('"');
  if (quote >= 0) throw parseError(start + quote, 'bare " in non-quoted field');
  return { field, end };
}

function quotedField(text: string, start: number): { field: string; end: number } {
  let field = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw parseError(text.length, 'extraneous or missing " in quoted-field');
    field += text.slice(from, quote);
    const next = text[quote + 1];
    if (next === undefined || next === ',') return { field, end: quote + 1 };
    if (next !== '"') throw parseError(quote, 'extraneous or missing " in quoted-field');
    field += '"';
    from = quote + 2;
  }
}

/** @param at counted from 0 */
function parseError(at: number, reason: string) {
  return invalidArgument(`parse error on line 1, column ${at + 1}: ${reason}`);
}
