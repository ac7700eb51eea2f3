/** Blanks between columns, as Docker's tables have them. */
const GAP = '   ';

/**
 * A table of left-aligned columns under upper-case heads; no line ends in blanks.
 *
 * @param heads the columns' heads
 * @param rows as many cells each
 */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map(cells => widthOf(cells[column] ?? ''))));
  return lines
    .map(
      cells =>
        `${heads
          .map((_, column) => pad(cells[column] ?? '', widths[column]!))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - widthOf(cell));
}

/** Characters as they are seen: colours take no room. */
function widthOf(cell: string): number {
  return [...cell.replace(/\x1b\[[0-9;]*m/g, '')].length;
}
