/**
 * Results, tables and the comparison with a stored result, on made-up times; the charts as far as they are data, and
 * drawn where the libraries are installed.
 */
import { phasesChart, renderChart, timesChart } from '../../lib/bench/chart';
import { compare, parseResult } from '../../lib/bench/check';
import { fileSystemOf } from '../../lib/bench/mountinfo';
import { featureTable, noteLines, timesTable } from '../../lib/bench/report';
import { findRatio, toResult } from '../../lib/bench/results';
import { itIf } from '../helpers/conditions';
import { MACHINE, measured, resultOf } from './results';

const hasVega = isInstalled('vega') && isInstalled('vega-lite');

describe('results', () => {
  test('a row that is slow whenever the floor is slow has a steady ratio', () => {
    const ratio = findRatio(resultOf({ 'skiff API': 1.5 }), 'skiff API', 'floor')!;
    expect(ratio.median).toBeCloseTo(1.52, 2);
    expect(ratio.high - ratio.low).toBeLessThan(0.03);
  });

  test('failed rounds are counted and told; a row of nothing else is missing', () => {
    const result = toResult([measured('floor', [1, undefined, 3]), measured('runc', [undefined])], {
      machine: MACHINE,
      missing: [{ name: 'crun', reason: 'not found on PATH' }],
    });
    expect(result.rows).toEqual([expect.objectContaining({ name: 'floor', count: 2, failed: 1, median: 2 })]);
    expect(noteLines(result)).toEqual([
      'crun not measured: not found on PATH',
      'runc not measured: it failed',
    ]);
    expect(timesTable(result).rows[0]!.at(-1)).toContain('1 of 3 failed: it failed');
  });

  test('every row has a cell in the table of what it does', () => {
    const { heads, rows } = featureTable(resultOf({ bwrap: 2 }));
    expect(heads).toEqual(['DOES', 'floor', 'bwrap']);
    for (const row of rows) expect(row).toHaveLength(heads.length);
  });
});

describe('check', () => {
  const stored = resultOf({ 'skiff API': 1.5, 'skiff run': 20, bwrap: 2 });

  test('the same ratios pass, on a machine that is three times slower too', () => {
    const comparisons = compare(resultOf({ 'skiff API': 1.5, 'skiff run': 20, bwrap: 2 }, 60), stored);
    expect(comparisons.map(({ of, ok }) => [of, ok])).toEqual([
      ['skiff API', true],
      ['skiff run', true],
      ['skiff API', true],
    ]);
  });

  test('what is a third slower fails, and is named', () => {
    const failed = compare(resultOf({ 'skiff API': 2, 'skiff run': 20, bwrap: 2 }), stored).filter(
      ({ ok }) => !ok,
    );
    expect(failed.map(({ of, to }) => `${of} / ${to}`)).toEqual(['skiff API / floor', 'skiff API / bwrap']);
  });

  test("a peer's own change is no regression of ours", () => {
    expect(compare(resultOf({ bwrap: 9 }), resultOf({ bwrap: 2 }))).toEqual([]);
  });

  test.each(['', '{}', '[]', '{"version":1}', '{"version":2,"ratios":[]}'])(
    '%j is no stored result',
    text => {
      expect(() => parseResult(text, 'old.json')).toThrow(/old\.json: not a result/);
    },
  );

  test('what JSON keeps is read back', () => {
    expect(parseResult(JSON.stringify(stored), 'old.json').ratios).toEqual(stored.ratios);
  });
});

test.each([
  ['/srv/root', 'ext4'],
  ['/srv/with space/x', 'xfs'],
  ['/srv/with spaces', 'ext4'],
  ['/tmp', 'tmpfs'],
  ['/tmp/deep/er', 'tmpfs'],
])('%s is on %s', (directory, type) => {
  const mountinfo = [
    '26 1 254:0 / / rw - ext4 /dev/vda rw',
    '27 26 0:30 / /tmp rw - ramfs none rw',
    '28 26 0:31 / /tmp rw shared:1 - tmpfs tmpfs rw',
    '29 26 8:1 / /srv/with\\040space rw - xfs /dev/sda1 rw',
    '',
  ].join('\n');
  expect(fileSystemOf(directory, mountinfo)).toBe(type);
});

const chartIf = itIf(hasVega, 'vega and vega-lite are not installed');

chartIf('the charts are SVG with every row in them', async () => {
  const svg = await renderChart(timesChart(resultOf({ 'skiff API': 1.5, bwrap: 2 })));
  expect(svg).toMatch(/^<svg[^]*<\/svg>$/);
  for (const name of ['floor', 'skiff API', 'bwrap', '1.5 x floor']) expect(svg).toContain(name);
  const phases = [
    { name: 'clone', medianMs: 1, share: 0.25 },
    { name: 'removal', medianMs: 3, share: 0.75 },
  ];
  const flame = await renderChart(
    phasesChart(
      { wholeMs: 3, meanMs: 4, covered: 1, between: [], complete: true, longest: 'removal', phases },
      MACHINE,
    ),
  );
  for (const label of ['clone', '1.00 ms', 'removal', '3.00 ms']) expect(flame).toContain(label);
});

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
