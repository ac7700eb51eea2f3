import { visible } from './visible';
import { parseTemplate } from './template';

/** What a command that lists things can show of each. */
export interface Listing {
  /** By a field's name in templates, `ID`, the head of its column, `CONTAINER ID`. */
  heads: Readonly<Record<string, string | ((...words: never[]) => string)>>;
  /** The columns that are shown where nothing else is asked for. */
  columns: readonly string[];
}

/** A listing of which there may be thousands. */
export interface LongListing<Row> extends Listing {
  /** What its columns show of a row: by names that change with each column it takes V8 longer than all the rest. */
  cells: (row: Row) => string[];
}

/** Docker's tables: text/tabwriter with a minimal width of 10 and 3 blanks behind the widest cell. */
const MIN_WIDTH = 10;
const GAP = 3;

/**
 * Rows by the rules of Docker's `--format`: `table` (also where there is none), `json` (an object a line),
 * `table TEMPLATE` with heads, or a template that is filled for each row and ends its line.
 *
 * @param rows with the fields that the listing has heads for
 * @param format as given; `\t` and `\n` in it are tab and line feed
 * @throws SkiffError INVALID_TEMPLATE, also where there are no rows
 */
export function formatListing<Row extends object>(
  rows: readonly Row[],
  listing: Listing | LongListing<Row>,
  format = 'table',
): string {
  const wanted = format.trim();
  if (wanted === 'table') return plainTable(rows, listing);
  if (wanted === 'json') return rows.map(row => `${JSON.stringify(row)}\n`).join('');
  const isTable = /^table\s/.test(wanted);
  const template = parseTemplate(unescape(isTable ? wanted.slice('table'.length).trimStart() : wanted));
  // Also where it is not printed: a field that is not known is an error however many rows there are.
  const head = template.renderHeads(listing.heads);
  const lines = rows.map(row => template.render(row));
  return isTable ? alignTabs([head, ...lines]) : lines.map(line => `${line}\n`).join('');
}

/** What the template of its columns would make, in a tenth of the time. */
function plainTable<Row extends object>(rows: readonly Row[], listing: Listing | LongListing<Row>): string {
  const byName = (row: object) => listing.columns.map(name => String((row as Record<string, unknown>)[name]));
  const cellsOf = 'cells' in listing ? listing.cells : byName;
  const lines = [byName(listing.heads)];
  for (const row of rows) lines.push(cellsOf(row));
  return align(lines);
}

/** Whether a format shows a field: one that is costly is found out only then. */
export function showsField(format: string | undefined, field: string): boolean {
  return new RegExp(`\\.${field}\\b`).test(format ?? '');
}

/** Lines whose cells end with tabs, in columns; the last cell of a line has no part in a column's width. */
function alignTabs(lines: readonly string[]): string {
  return align(lines.flatMap(line => line.split('\n')).map(line => line.split('\t')));
}

/**
 * Names that a container or an image chose are among the cells. Nearly all tables have none but plain characters, which
 * is found by one look at the whole.
 */
function align(rows: readonly string[][]): string {
  const lines = aligned(rows, cell => cell.length);
  if (PLAIN.test(lines.join(''))) return `${lines.join('\n')}\n`;
  const shown = rows.map(cells => cells.map(visible));
  return `${aligned(shown, widthOf).join('\n')}\n`;
}

const PLAIN = /^[\x20-\x7e]*$/;

function aligned(rows: readonly string[][], width: (cell: string) => number): string[] {
  const widths: number[] = [];
  for (const cells of rows) {
    for (let at = 0; at < cells.length - 1; at += 1) {
      const wanted = width(cells[at]!) + GAP;
      widths[at] ??= MIN_WIDTH;
      if (wanted > widths[at]!) widths[at] = wanted;
    }
  }
  // Made once for each length: that takes as long as all else of a line.
  const blanks: string[] = [];
  return rows.map(cells => {
    const last = cells.length - 1;
    let line = '';
    for (let at = 0; at < last; at += 1) {
      const cell = cells[at]!;
      const missing = widths[at]! - width(cell);
      line += cell + (blanks[missing] ??= ' '.repeat(missing));
    }
    return line + (cells[last] ?? '');
  });
}

function unescape(format: string): string {
  return format.replace(/\\t/g, '\t').replace(/\\n/g, '\n');
}

/** Characters, not UTF-16 units; nearly all cells have none outside of the first plane. */
function widthOf(cell: string): number {
  return /[\ud800-\udbff]/.test(cell) ? [...cell].length : cell.length;
}
