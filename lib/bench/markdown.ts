import type { Table } from './report';

/**
 * A table as markdown, its columns as wide as their widest cell: that is how prettier leaves it.
 *
 * @returns lines without a last newline
 */
export function markdownTable({ heads, rows }: Table): string {
  const cells = [heads, ...rows].map(row => heads.map((_, column) => escape(row[column] ?? '')));
  const widths = heads.map((_, column) => Math.max(3, ...cells.map(row => row[column]!.length)));
  const [first, ...others] = cells.map(row =>
    lineOf(row.map((cell, column) => cell.padEnd(widths[column]!))),
  );
  return [first, lineOf(widths.map(width => '-'.repeat(width))), ...others].join('\n');
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function escape(cell: string): string {
  return cell.replace(/[|\\]/g, '\\$&').replace(/\n/g, ' ');
}
