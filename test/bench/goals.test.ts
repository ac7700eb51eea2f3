/** What is asked of isolation, beside what was measured; and how attacks are counted. */
import type { AxisPoint } from '../../lib/bench/axes';
import { countAttacks } from '../../lib/bench/escape-suite';
import { goalsOf } from '../../lib/bench/goals';
import { goalTable } from '../../lib/bench/report';

const ESCAPE = { blocked: 64, tried: 64, skipped: 8 };

function point(at: string, name: string, more: Partial<AxisPoint>): AxisPoint {
  return { axis: 'isolation', at, name, medianMs: 1, p99Ms: 1, ratios: [], failed: 0, ...more };
}

const ratio = (median: number) => ({
  ratios: [{ to: 'the base', median, low: median - 0.1, high: median + 0.1 }],
});

function points(times: { defaults: number; sandbox: number; rootless: number; variation: number }) {
  return [
    point('no filter, all capabilities', 'skiff API', {}),
    point('defaults', 'skiff API', ratio(times.defaults)),
    point('sandbox', 'skiff API', ratio(times.sandbox)),
    point('without root, no limit', 'skiff API', ratio(times.rootless)),
    point('without root, no limit', 'skiff run', ratio(times.rootless)),
    point('loop', 'skiff API', { variation: times.variation }),
    point('true', 'skiff API', { variation: 1 }),
  ];
}

const met = (axes: AxisPoint[], escape = ESCAPE) => goalsOf(axes, escape).map(({ isMet }) => isMet);

test('each is met at its bound, and not beyond', () => {
  const just = { defaults: 1.15, sandbox: 1.2, rootless: 1.4, variation: 0.02 };
  expect(met(points(just))).toEqual([true, true, true, true, true, true]);
  const beyond = { defaults: 1.16, sandbox: 1.21, rootless: 1.41, variation: 0.021 };
  expect(met(points(beyond))).toEqual([false, false, false, false, true, false]);
});

test('an attack that came through, and too few of them', () => {
  const times = { defaults: 1, sandbox: 1, rootless: 1, variation: 0 };
  expect(met(points(times), { blocked: 63, tried: 64, skipped: 8 })[4]).toBe(false);
  expect(met(points(times), { blocked: 59, tried: 59, skipped: 13 })[4]).toBe(false);
});

test('what was not measured is told with its reason, and is not met', () => {
  const failed = point('without root, no limit', 'skiff API', { failed: 1, failure: 'only root can' });
  const none = { blocked: 0, tried: 0, skipped: 0, reason: 'in a checkout' };
  const { rows } = goalTable(goalsOf([failed], none));
  expect(rows.map(([, measured, , , verdict]) => [measured, verdict])).toEqual([
    ['not measured: it was interrupted', ''],
    ['not measured: it was interrupted', ''],
    ['not measured: only root can', ''],
    ['not measured: only root can', ''],
    ['not measured: in a checkout', ''],
  ]);
});

test('an attack counts once, and as blocked where it was on all kinds of containers', () => {
  const result = (title: string, status: string, ...ancestorTitles: string[]) => ({
    title,
    status,
    ancestorTitles,
  });
  const assertionResults = [
    result('a mount', 'passed', 'defaults'),
    result('a mount', 'passed', 'sandbox'),
    result('a key', 'passed', 'defaults'),
    result('a key', 'failed', 'sandbox'),
    result('a module', 'pending', 'defaults'),
    result('no attack', 'passed'),
  ];
  expect(countAttacks({ testResults: [{ assertionResults }] })).toEqual({
    blocked: 1,
    tried: 2,
    skipped: 1,
  });
});
