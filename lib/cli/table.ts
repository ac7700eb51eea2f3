import { visible } from './visible';

/** Blanks between columns, as Docker's tables have them. */
const GAP = '   ';

/**
 * A table of left-aligned columns under upper-case heads; no line ends in blanks. Control characters in cells are spelled
 * out: some are names that a container or an image chose.
 *
 * @param heads the columns' heads
 * @param rows as many cells each
 */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  rows = rows.map(cells => cells.map(cell => visible(cell)));
  const last = heads.length - 1;
  const widths = heads.map(() => 0);
  for (const cells of [heads, ...rows]) {
    for (let column = 0; column < last; column += 1) {
      widths[column] = Math.max(widths[column]!, widthOf(cells[column] ?? ''));
    }
  }
  let text = '';
  for (const cells of [heads, ...rows]) {
    let line = '';
    for (let column = 0; column < last; column += 1) {
      const cell = cells[column] ?? '';
      line += cell + ' '.repeat(widths[column]! - widthOf(cell)) + GAP;
    }
    text += `${(line + (cells[last] ?? '')).trimEnd()}\n`;
  }
  return text;
}

/** Characters as they are seen: colours take no room. Most cells are plain, and there may be thousands. */
function widthOf(cell: string): number {
  return PLAIN.test(cell) ? cell.length : [...cell.replace(/\x1b\[[0-9;]*m/g, '')].length;
}

const PLAIN = /^[\x20-\x7e]*$/;
