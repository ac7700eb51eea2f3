import fs from 'node:fs';
import path from 'node:path';
import { invalidArgument } from '../common/errors';
import {
  benchAxes,
  benchIsolation,
  benchMemory,
  benchPhases,
  benchStarts,
  benchTti,
  type BenchOptions,
} from './bench';
import { phasesChart, renderChart, timesChart, type ChartSpec } from './chart';
import { compare } from './check';
import { markdownTable } from './markdown';
import * as report from './report';
import type { BenchResult } from './results';

/** What can be measured; `starts` is the benchmark itself. */
export type Kind = 'starts' | 'phases' | 'tti' | 'axes' | 'isolation' | 'memory';

/** What one kind of benchmark gives: for programs, for people, and as a picture. */
export interface Outcome {
  /** Of its files. */
  name: string;
  result: unknown;
  lines: string[];
  tables: report.Table[];
  chart?: ChartSpec;
  exitCode: number;
}

export interface OutcomeOptions extends BenchOptions {
  /** Names of the axes to measure; all where undefined. */
  axes?: readonly string[];
  /** Result to compare with: of `starts` only. */
  stored?: BenchResult;
}

/** Measure one kind of thing. */
export async function measureKind(kind: Kind, options: OutcomeOptions): Promise<Outcome> {
  switch (kind) {
    case 'starts':
      return startsOutcome(await benchStarts(options), options.stored);
    case 'phases': {
      const result = await benchPhases(options);
      const lines = [...report.machineLines(result.machine), ...report.phasesLines(result)];
      const tables = [report.phasesTable(result)];
      return {
        name: 'phases',
        result,
        lines,
        tables,
        chart: phasesChart(result, result.machine),
        exitCode: 0,
      };
    }
    case 'tti': {
      const result = await benchTti(options);
      const lines = report.machineLines(result.machine);
      return { name: 'tti', result, lines, tables: [report.ttiTable(result.tti)], exitCode: 0 };
    }
    case 'axes': {
      const result = await benchAxes(options);
      const lines = report.machineLines(result.machine);
      return { name: 'axes', result, lines, tables: [report.axesTable(result.axes)], exitCode: 0 };
    }
    case 'isolation': {
      const result = await benchIsolation(options);
      const lines = report.machineLines(result.machine);
      const tables = [report.axesTable(result.axes), report.goalTable(result.goals)];
      return { name: 'isolation', result, lines, tables, exitCode: 0 };
    }
    case 'memory': {
      const result = await benchMemory(options);
      const lines = report.machineLines(result.machine);
      return { name: 'memory', result, lines, tables: [report.memoryTable(result.memory)], exitCode: 0 };
    }
  }
}

function startsOutcome(result: BenchResult, stored: BenchResult | undefined): Outcome {
  const lines = [...report.machineLines(result.machine), ...report.noteLines(result)];
  const tables = [report.timesTable(result), report.ratioTable(result), report.featureTable(result)];
  if (result.memory) tables.push(report.memoryTable(result.memory));
  const outcome = { name: 'bench', result, lines, tables, chart: timesChart(result), exitCode: 0 };
  if (!stored) return outcome;
  const comparisons = compare(result, stored);
  if (comparisons.length === 0)
    throw invalidArgument('--check: the stored result has no ratio that was measured now');
  const exitCode = comparisons.every(({ ok }) => ok) ? 0 : 1;
  return { ...outcome, tables: [...tables, report.checkTable(comparisons)], exitCode };
}

/** An outcome as text for a terminal. */
export function outcomeText(
  { lines, tables }: Outcome,
  formatTable: (heads: string[], rows: string[][]) => string,
): string {
  const printed = filled(tables).map(({ heads, rows }) => formatTable(heads, rows));
  return [`${lines.join('\n')}\n`, ...printed].join('\n');
}

/** An outcome as it can stand in a document. */
export function outcomeMarkdown({ lines, tables }: Outcome): string {
  return `${[lines.join('\\\n'), ...filled(tables).map(markdownTable)].join('\n\n')}\n`;
}

function filled(tables: readonly report.Table[]): report.Table[] {
  return tables.filter(({ rows }) => rows.length > 0);
}

/**
 * Write NAME.json and, where there is a chart and the libraries for it are installed, NAME.svg.
 *
 * @param directory made where it is missing
 * @returns whether there is a chart that could not be drawn
 */
export async function writeOutcome(
  directory: string,
  { name, result, chart }: Outcome,
): Promise<{ chartMissing: boolean }> {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  if (!chart) return { chartMissing: false };
  const svg = await renderChart(chart);
  if (svg === undefined) return { chartMissing: true };
  fs.writeFileSync(path.join(directory, `${name}.svg`), svg);
  return { chartMissing: false };
}
