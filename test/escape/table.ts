/** The table of attacks in SECURITY.md: its first three columns are written by hand, the others by `npm run escape-table`. */

const HEAD = [
  'Attack',
  'What holds against it',
  'Succeeds in the control',
  'skiff',
  'Without root',
  "podman's defaults",
];
const RULE = '| --- | --- | --- | --- | --- | --- |';

/** What the measured columns of an attack say. */
export interface Measured {
  skiff: string;
  rootless: string;
  podman: string;
}

/** The rows of the table, by the attack's name: all cells. */
export function rowsOf(text: string): Map<string, string[]> {
  return new Map(
    linesOf(text)
      .slice(2)
      .map(line => cellsOf(line))
      .map(cells => [cells[0]!, cells]),
  );
}

/** The text with these measured columns in its table. */
export function withMeasured(text: string, measured: Map<string, Measured>): string {
  const rows = [...rowsOf(text).values()].map(([name = '', holds = '', control = '']) => {
    const { skiff, rootless, podman } = measured.get(name) ?? { skiff: '–', rootless: '–', podman: '–' };
    return `| ${[name, holds, control, skiff, rootless, podman].join(' | ')} |`;
  });
  const table = [`| ${HEAD.join(' | ')} |`, RULE, ...rows].join('\n');
  return text.replace(linesOf(text).join('\n'), () => table);
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const first = lines.findIndex(line => line.startsWith('| Attack '));
  const end = lines.findIndex((line, at) => at > first && !line.startsWith('|'));
  return lines.slice(first, end);
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map(cell => cell.trim());
}
