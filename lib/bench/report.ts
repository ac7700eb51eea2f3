import type { AxisPoint } from './axes';
import type { Comparison } from './check';
import type { Goal } from './goals';
import type { Machine } from './machine';
import type { MemoryResult } from './memory';
import type { PhasesResult } from './phases';
import { findRatio, type BenchResult } from './results';
import { FEATURES } from './row';
import type { TtiResult } from './tti';

/** Of the places between steps, as many are told. */
const GAPS = 4;
/** Characters of the longest bar. */
const BAR = 40;

/** A table's heads and rows, for whoever prints it. */
export interface Table {
  heads: string[];
  rows: string[][];
}

/** The lines that stand above every table. */
export function machineLines(machine: Machine): string[] {
  const { cpu, cores, memoryBytes, kernel, fileSystem, storageDriver, cgroups, node, load, date } = machine;
  return [
    `${kernel}, ${cores} cores (${cpu}), ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, node ${node}`,
    `storage ${storageDriver} on ${fileSystem}, cgroups ${cgroups}, load ${load.toFixed(1)} before, ${date}`,
  ];
}

/** Times in ms, and how often the floor each takes. */
export function timesTable(result: BenchResult): Table {
  return {
    heads: ['ROW', 'MEDIAN ms', '95 %', 'P10', 'P90', '/ FLOOR', '95 %', 'WHAT'],
    rows: result.rows.map(row => {
      const ratio = findRatio(result, row.name, 'floor');
      const failed =
        row.failed > 0 ? ` (${row.failed} of ${row.failed + row.count} failed: ${row.failure})` : '';
      return [
        row.name,
        ms(row.median),
        `${ms(row.low)}-${ms(row.high)}`,
        ms(row.p10),
        ms(row.p90),
        ratio ? factor(ratio.median) : '',
        ratio ? interval(ratio) : '',
        row.title + failed,
      ];
    }),
  };
}

/** The ratios between other rows than the floor. */
export function ratioTable(result: BenchResult): Table {
  const others = result.ratios.filter(({ to }) => to !== 'floor');
  return {
    heads: ['RATIO', 'MEDIAN', '95 %'],
    rows: others.map(ratio => [`${ratio.of} / ${ratio.to}`, factor(ratio.median), interval(ratio)]),
  };
}

/** What each row does and does not do. */
export function featureTable(result: BenchResult): Table {
  return {
    heads: ['DOES', ...result.rows.map(({ name }) => name)],
    rows: (result.rows.length > 0 ? FEATURES : []).map(feature => [
      feature,
      ...result.rows.map(({ does }) => (does.includes(feature) ? 'yes' : '-')),
    ]),
  };
}

/** Rows' notes and missing rows, a line each. */
export function noteLines(result: BenchResult): string[] {
  return [
    ...result.rows.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : [])),
    ...result.missing.map(({ name, reason }) => `${name} not measured: ${reason}`),
  ];
}

/** How much of a start the phases tell, where the rest lies, and which takes longest. */
export function phasesLines({ covered, complete, between, longest }: PhasesResult): string[] {
  const [rest, places] = [percent(1 - covered), between.slice(0, GAPS)];
  const told = places.map(({ after, share }) => `${percent(share)} after ${after}`).join(', ');
  return [
    `The named phases cover ${percent(covered)} of a whole start${complete ? '' : ', which is less than 95 %'}.`,
    `Between steps lie ${rest}${told ? `: ${told}${between.length > GAPS ? ', ...' : ''}` : ''}.`,
    `Longest: ${longest}.`,
  ];
}

export function phasesTable(result: PhasesResult): Table {
  const longest = Math.max(...result.phases.map(({ share }) => share));
  return {
    heads: ['PHASE', 'MEDIAN ms', 'SHARE', ''],
    rows: [
      ...result.phases.map(({ name, medianMs, share }) => [
        name,
        ms(medianMs),
        percent(share),
        '#'.repeat(Math.round((share / longest) * BAR)),
      ]),
      ['whole', ms(result.wholeMs), percent(1), ''],
    ],
  };
}

export function checkTable(comparisons: readonly Comparison[]): Table {
  return {
    heads: ['RATIO', 'STORED', 'NOW', 'AT MOST', ''],
    rows: comparisons.map(({ of, to, stored, measured, limit, ok }) => [
      `${of} / ${to}`,
      factor(stored),
      factor(measured),
      factor(limit),
      ok ? 'ok' : 'REGRESSION',
    ]),
  };
}

export function ttiTable(results: readonly TtiResult[]): Table {
  return {
    heads: [
      'ARRIVAL',
      'ROW',
      'COUNT',
      'SUCCESS',
      'MIN ms',
      'MEDIAN',
      'P95',
      'P99',
      'MEDIAN / SPAWN',
      'P95 / SPAWN',
    ],
    rows: results.map(result => {
      const plain = results.find(({ arrival, name }) => arrival === result.arrival && name === 'spawn');
      return [
        result.arrival,
        result.name,
        String(result.count),
        percent(result.success),
        ...[result.min, result.median, result.p95, result.p99].map(ms),
        ...(plain ? [factor(result.median / plain.median), factor(result.p95 / plain.p95)] : []),
      ];
    }),
  };
}

export function axesTable(points: readonly AxisPoint[]): Table {
  return {
    heads: ['AXIS', 'AT', 'ROW', 'MEDIAN ms', 'P99', 'PER SECOND', 'VARIATION', 'RATIO', '95 %', 'TO'],
    rows: points.flatMap(point => {
      const { axis, at, name, medianMs, p99Ms, perSecond, variation, ratios, failed, failure } = point;
      const told = failed > 0 ? ` (${failed} failed: ${failure})` : '';
      const share = variation === undefined ? '' : `${(variation * 100).toFixed(2)} %`;
      const figures = [ms(medianMs), ms(p99Ms), perSecond?.toFixed(1) ?? '', share];
      const compared = ratios.map(ratio => [factor(ratio.median), interval(ratio), ratio.to]);
      const [first = [], ...more] = compared;
      return [
        [axis, at, name + told, ...figures, ...first],
        ...more.map(ratio => ['', '', '', '', '', '', '', ...ratio]),
      ];
    }),
  };
}

/** What was measured beside what is asked. */
export function goalTable(goals: readonly Goal[]): Table {
  return {
    heads: ['FIGURE', 'MEASURED', '95 %', 'ASKED', ''],
    rows: goals.map(({ figure, measured, interval: bounds, asked, isMet, reason }) => [
      figure,
      measured ?? `not measured: ${reason}`,
      bounds ? interval(bounds) : '',
      asked,
      isMet === undefined ? '' : isMet ? 'yes' : 'NO',
    ]),
  };
}

export function memoryTable(result: MemoryResult): Table {
  const { containers, parkedBytes, detachedBytes, initBytes, watchdogBytes, starterBytes, scriptBytes } =
    result;
  const row = (what: string, bytes: number | undefined) => [
    what,
    bytes === undefined ? 'unknown' : kib(bytes),
  ];
  return {
    heads: [`MEMORY, ${containers} CONTAINERS RUNNING`, 'KiB'],
    rows: [
      row('private to each container that a pool keeps parked', parkedBytes),
      row("private to each running container's init (--init)", initBytes),
      row('kept by JavaScript for each container', scriptBytes),
      row("private to each detached container's monitor and init", detachedBytes),
      row('private to the one watchdog of all', watchdogBytes),
      row('private to the one starter of all', starterBytes),
    ],
  };
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

function ms(value: number): string {
  if (Number.isNaN(value)) return '';
  return value.toFixed(value < 10 ? 2 : 1);
}

function factor(value: number): string {
  return value.toFixed(2);
}

function interval({ low, high }: { low: number; high: number }): string {
  return `${factor(low)}-${factor(high)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
