import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { benchAxes, benchPhases, benchStarts, benchTti, type BenchOptions } from '../bench/bench';
import { phasesChart, renderChart, timesChart, type ChartSpec } from '../bench/chart';
import { compare, parseResult } from '../bench/check';
import { progressBar } from '../bench/progress';
import * as report from '../bench/report';
import { PEER_NAMES } from '../bench/peers';
import { ROW_NAMES } from '../bench/session';
import { defineCommand } from '../cli/command';
import { mayDecorate } from '../cli/decorate';
import { text, toggle, value } from '../cli/flags';
import { writeErr, writeOut } from '../cli/output';
import { formatTable } from '../cli/table';
import { invalidArgument } from '../common/errors';
import { DEFAULT_ROOT } from '../engine';

/** What one kind of benchmark gives: for programs, for people, and as a picture. */
interface Outcome {
  name: string;
  result: unknown;
  lines: string[];
  tables: report.Table[];
  chart?: ChartSpec;
  exitCode?: number;
}

const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export default defineCommand({
  name: 'bench',
  summary: 'Measure how fast containers start here',
  usage: 'bench [FLAGS]',
  description: `Rounds of all rows are interleaved; ratios are taken round by round. The row "floor" is the same life in a C program without a runtime around it. Peers are looked for on PATH; SKIFF_BENCH_PEERS names others than all that are known (${PEER_NAMES.join(',')}).

All that it makes is below one directory of the root, and is removed.`,
  examples: [
    { description: 'Everything, below three minutes:', command: 'skiff bench' },
    { description: 'Where the time of one start goes:', command: 'skiff bench --phases' },
    { description: 'Two rows, as JSON:', command: "skiff bench --only 'floor,skiff API' --format json" },
    { description: 'Keep a result and compare with it later:', command: 'skiff bench --out DIR' },
  ],
  flags: {
    rounds: value(parseCount, { helpValue: '<n>', summary: 'Rounds of each row; 100 by default' }),
    only: value(parseRows, { helpValue: '<row,...>', summary: `Rows to measure: ${ROW_NAMES.join(', ')}` }),
    phases: toggle({ summary: 'Where the time of one start goes' }),
    tti: toggle({ summary: 'Time to interactive: node -v on --rootfs /, one by one, staggered and at once' }),
    axes: toggle({ summary: 'Starts in flight, a large caller, idle containers' }),
    check: text({
      helpValue: '<file>',
      summary: 'Compare the ratios with a stored result; exit code 1 where worse',
    }),
    out: text({ helpValue: '<dir>', summary: 'Write the result as JSON and as SVG charts' }),
    format: value(parseFormat, { helpValue: '<table|json>', summary: 'How to print; a table by default' }),
    'storage-driver': text({ helpValue: '<name>', summary: 'auto, aufs, overlay or vfs' }),
  },
  async run({ flags, words }) {
    if (words.length > 0) throw invalidArgument(`bench takes no arguments: ${words.join(' ')}`);
    const stored =
      flags.check === undefined ? undefined : parseResult(fs.readFileSync(flags.check, 'utf8'), flags.check);
    const bar = mayDecorate(2) ? progressBar(writeErr) : undefined;
    const stop = new AbortController();
    // What is running is ended in order, and all that was made is removed.
    const interrupt = (signal: NodeJS.Signals) => stop.abort(signal);
    for (const signal of STOPPING) process.once(signal, interrupt);
    try {
      const outcome = await measure(flags, stored, {
        parent: flags.root ?? process.env.SKIFF_ROOT ?? DEFAULT_ROOT,
        storageDriver: flags['storage-driver'],
        rounds: flags.rounds,
        only: flags.only,
        peers: parsePeers(process.env.SKIFF_BENCH_PEERS),
        onProgress: bar?.update,
        signal: stop.signal,
      });
      bar?.clear();
      writeOut(flags.format === 'json' ? `${JSON.stringify(outcome.result, null, 2)}\n` : textOf(outcome));
      if (flags.out !== undefined) await writeFiles(flags.out, outcome);
      return stop.signal.aborted
        ? 128 + os.constants.signals[stop.signal.reason as NodeJS.Signals]
        : (outcome.exitCode ?? 0);
    } finally {
      bar?.clear();
      for (const signal of STOPPING) process.off(signal, interrupt);
    }
  },
});

async function measure(
  kind: { phases: boolean; tti: boolean; axes: boolean },
  stored: ReturnType<typeof parseResult> | undefined,
  options: BenchOptions,
): Promise<Outcome> {
  if (kind.phases) {
    const result = await benchPhases(options);
    const covered = `The named phases cover ${(result.covered * 100).toFixed(1)} % of a whole start.`;
    const lines = [...report.machineLines(result.machine), covered];
    return {
      name: 'phases',
      result,
      lines,
      tables: [report.phasesTable(result)],
      chart: phasesChart(result),
    };
  }
  if (kind.tti) {
    const result = await benchTti(options);
    return {
      name: 'tti',
      result,
      lines: report.machineLines(result.machine),
      tables: [report.ttiTable(result.tti)],
    };
  }
  if (kind.axes) {
    const result = await benchAxes(options);
    return {
      name: 'axes',
      result,
      lines: report.machineLines(result.machine),
      tables: [report.axesTable(result.axes)],
    };
  }
  const result = await benchStarts(options);
  const lines = [...report.machineLines(result.machine), ...report.noteLines(result)];
  const tables = [report.timesTable(result), report.ratioTable(result), report.featureTable(result)];
  const outcome = { name: 'bench', result, lines, tables, chart: timesChart(result) };
  if (!stored) return outcome;
  const comparisons = compare(result, stored);
  if (comparisons.length === 0)
    throw invalidArgument('--check: the stored result has no ratio that was measured now');
  const exitCode = comparisons.every(({ ok }) => ok) ? 0 : 1;
  return { ...outcome, tables: [...tables, report.checkTable(comparisons)], exitCode };
}

function textOf({ lines, tables }: Outcome): string {
  const printed = tables
    .filter(({ rows }) => rows.length > 0)
    .map(({ heads, rows }) => formatTable(heads, rows));
  return [`${lines.join('\n')}\n`, ...printed].join('\n');
}

async function writeFiles(directory: string, { name, result, chart }: Outcome): Promise<void> {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  if (!chart) return;
  const svg = await renderChart(chart);
  if (svg === undefined)
    writeErr('skiff: no chart: install vega and vega-lite (npm install --no-save vega@6 vega-lite@6.4)\n');
  else fs.writeFileSync(path.join(directory, `${name}.svg`), svg);
}

function parseFormat(given: string): 'table' | 'json' {
  if (given === 'table' || given === 'json') return given;
  throw invalidArgument('must be table or json');
}

function parseCount(given: string): number {
  const count = Number(given);
  if (!/^\d+$/.test(given) || count < 1 || count > 100_000)
    throw invalidArgument('must be a number from 1 to 100000');
  return count;
}

function parseRows(given: string): string[] {
  const names = given.split(',').map(name => name.trim());
  const unknown = names.filter(name => !ROW_NAMES.includes(name));
  if (unknown.length > 0)
    throw invalidArgument(`no such row: ${unknown.join(', ')}; rows are ${ROW_NAMES.join(', ')}`);
  return names;
}

function parsePeers(given: string | undefined): string[] | undefined {
  return given
    ?.split(',')
    .map(name => name.trim())
    .filter(Boolean);
}
