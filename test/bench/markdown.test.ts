/** Results as markdown that can be pasted into a document as it stands: prettier has nothing to change about it. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { markdownTable } from '../../lib/bench/markdown';
import { outcomeMarkdown } from '../../lib/bench/outcome';
import { featureTable, machineLines, ratioTable, timesTable } from '../../lib/bench/report';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { resultOf } from './results';

test('columns are as wide as their widest cell; short rows are filled, bars are escaped', () => {
  const heads = ['A', 'LONGER', 'C'];
  const rows = [
    ['a|b', '1'],
    ['x', 'a longer one', ''],
  ];
  expect(markdownTable({ heads, rows })).toBe(
    [
      '| A    | LONGER       | C   |',
      '| ---- | ------------ | --- |',
      '| a\\|b | 1            |     |',
      '| x    | a longer one |     |',
    ].join('\n'),
  );
});

test('prettier leaves it as it is', () => {
  const result = resultOf({ 'skiff API': 1.5, bwrap: 2 });
  const tables = [
    timesTable(result),
    ratioTable(result),
    featureTable(result),
    { heads: ['none'], rows: [] },
  ];
  const markdown = outcomeMarkdown({
    name: 'bench',
    result,
    lines: machineLines(result.machine),
    tables,
    exitCode: 0,
  });
  expect(markdown.match(/^\| -/gm)).toHaveLength(3);
  expect(markdown).not.toContain('none');
  const directory = tempDirectory();
  try {
    const file = path.join(directory.path, 'bench.md');
    fs.writeFileSync(file, markdown);
    const prettier = path.join(projectRoot, 'node_modules', 'prettier', 'bin', 'prettier.cjs');
    const config = path.join(projectRoot, '.prettierrc.json');
    const args = fs.existsSync(config) ? ['--config', config] : [];
    expect(execFileSync(process.execPath, [prettier, ...args, file], { encoding: 'utf8' })).toBe(markdown);
  } finally {
    directory.remove();
  }
});
