import { parseTemplate } from './template';

/** What a command that lists things can show of each. */
export interface Listing {
  /** By a field's name in templates, `ID`, the head of its column, `CONTAINER ID`. */
  heads: Readonly<Record<string, string | ((...words: never[]) => string)>>;
  /** What is shown where nothing else is asked for: `{{.ID}}\t{{.Names}}`. */
  table: string;
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
export function formatListing(rows: readonly object[], { heads, table }: Listing, format = 'table'): string {
  const wanted = format.trim();
  if (wanted === 'json') return rows.map(row => `${JSON.stringify(row)}\n`).join('');
  const isTable = wanted === 'table' || /^table\s/.test(wanted);
  const given = isTable ? wanted.slice('table'.length).trimStart() : wanted;
  const template = parseTemplate(unescape(given === '' ? table : given));
  // Also where it is not printed: a field that is not known is an error however many rows there are.
  const head = template.renderHeads(heads);
  const lines = rows.map(row => template.render(row));
  return isTable ? alignTabs([head, ...lines]) : lines.map(line => `${line}\n`).join('');
}

/** Whether a format shows a field: one that is costly is found out only then. */
export function showsField(format: string | undefined, field: string): boolean {
  return new RegExp(`\\.${field}\\b`).test(format ?? '');
}

/** Lines whose cells end with tabs, in columns; the last cell of a line has no part in a column's width. */
export function alignTabs(lines: readonly string[]): string {
  const rows = lines.flatMap(line => line.split('\n')).map(line => line.split('\t'));
  const widths: number[] = [];
  for (const cells of rows) {
    cells.slice(0, -1).forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? MIN_WIDTH, widthOf(cell) + GAP);
    });
  }
  return rows
    .map(cells => `${cells.map((cell, at) => pad(cell, at < cells.length - 1 ? widths[at]! : 0)).join('')}\n`)
    .join('');
}

function unescape(format: string): string {
  return format.replace(/\\t/g, '\t').replace(/\\n/g, '\n');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}

function widthOf(cell: string): number {
  return [...cell].length;
}
