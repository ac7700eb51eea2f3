import fs from 'node:fs';
import os from 'node:os';
import { AXIS_NAMES } from '../bench/axes';
import { parseResult } from '../bench/check';
import {
  measureKind,
  outcomeMarkdown,
  outcomeText,
  writeOutcome,
  type Kind,
  type Outcome,
} from '../bench/outcome';
import { progressBar } from '../cli/progress';
import { PEER_NAMES } from '../bench/peers';
import { ROW_NAMES } from '../bench/session';
import { defineCommand } from '../cli/command';
import { mayDecorate } from '../cli/decorate';
import { text, toggle, value } from '../cli/flags';
import { writeErr, writeOut } from '../cli/output';
import { formatTable } from '../cli/table';
import { noArguments } from '../cli/values';
import { invalidArgument } from '../common/errors';
import { DEFAULT_ROOT } from '../engine';

const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const NO_CHART = 'skiff: no chart: install vega and vega-lite (npm install --no-save vega@6 vega-lite@6.4)\n';

const PRINTERS = {
  table: (outcome: Outcome) => outcomeText(outcome, formatTable),
  json: ({ result }: Outcome) => `${JSON.stringify(result, null, 2)}\n`,
  markdown: outcomeMarkdown,
};

export default defineCommand({
  name: 'bench',
  summary: 'Measure how fast containers start here',
  usage: 'bench [FLAGS]',
  description: `Rounds of all rows are interleaved; ratios are taken round by round. The row "floor" is the same life in a C program without a runtime around it. Peers are looked for on PATH; SKIFF_BENCH_PEERS names others than all that are known (${PEER_NAMES.join(',')}).

All that it makes is below one directory of the root, and is removed.`,
  examples: [
    { description: 'Everything, below three minutes:', command: 'skiff bench' },
    { description: 'Where the time of one start goes:', command: 'skiff bench --phases' },
    {
      description: 'Whether images of many layers or files start later:',
      command: 'skiff bench --axis layers,files',
    },
    { description: 'Two rows, as JSON:', command: "skiff bench --only 'floor,skiff API' --format json" },
    { description: 'Keep a result and compare with it later:', command: 'skiff bench --out DIR' },
  ],
  flags: {
    rounds: value(parseCount, { helpValue: '<n>', summary: 'Rounds of each row; 100 by default' }),
    only: value(parseNames('row', ROW_NAMES), {
      helpValue: '<row,...>',
      summary: `Rows to measure: ${ROW_NAMES.join(', ')}`,
    }),
    phases: toggle({ summary: 'Where the time of one start goes' }),
    tti: toggle({ summary: 'Time to interactive: node -v on --rootfs /, one by one, staggered and at once' }),
    axes: toggle({ summary: 'What a start costs where more is going on or asked for' }),
    axis: value(parseNames('axis', AXIS_NAMES), {
      helpValue: '<axis,...>',
      summary: `Some of these only: ${AXIS_NAMES.join(', ')}`,
    }),
    isolation: toggle({ summary: 'What isolation costs and whether it holds, beside what is asked' }),
    memory: toggle({ summary: 'What running containers cost in memory' }),
    check: text({
      helpValue: '<file>',
      summary: 'Compare the ratios with a stored result; exit code 1 where worse',
    }),
    out: text({ helpValue: '<dir>', summary: 'Write the result as JSON and as SVG charts' }),
    format: value(parseFormat, {
      helpValue: '<table|json|markdown>',
      summary: 'How to print; a table by default',
    }),
    'storage-driver': text({ helpValue: '<name>', summary: 'auto, aufs, overlay, fuse-overlayfs or vfs' }),
  },
  async run({ flags, words }) {
    noArguments(words, 'bench');
    const kind = kindOf({ ...flags, axes: flags.axes || flags.axis !== undefined });
    if (flags.check !== undefined && kind !== 'starts')
      throw invalidArgument(`--check compares single starts, not --${kind}`);
    const stored =
      flags.check === undefined ? undefined : parseResult(fs.readFileSync(flags.check, 'utf8'), flags.check);
    const bar = mayDecorate(2) ? progressBar(writeErr) : undefined;
    const stop = new AbortController();
    // What is running is ended in order, and all that was made is removed.
    const interrupt = (signal: NodeJS.Signals) => stop.abort(signal);
    for (const signal of STOPPING) process.once(signal, interrupt);
    try {
      const outcome = await measureKind(kind, {
        parent: flags.root ?? process.env.SKIFF_ROOT ?? DEFAULT_ROOT,
        storageDriver: flags['storage-driver'],
        rounds: flags.rounds,
        only: flags.only,
        axes: flags.axis,
        peers: parsePeers(process.env.SKIFF_BENCH_PEERS),
        stored,
        onProgress: bar?.update,
        signal: stop.signal,
      });
      bar?.clear();
      writeOut(PRINTERS[flags.format ?? 'table'](outcome));
      if (flags.out !== undefined && (await writeOutcome(flags.out, outcome)).chartMissing)
        writeErr(NO_CHART);
      return stop.signal.aborted
        ? 128 + os.constants.signals[stop.signal.reason as NodeJS.Signals]
        : outcome.exitCode;
    } finally {
      bar?.clear();
      for (const signal of STOPPING) process.off(signal, interrupt);
    }
  },
});

function kindOf(asked: Record<Exclude<Kind, 'starts'>, boolean>): Kind {
  const kinds = (['phases', 'tti', 'axes', 'isolation', 'memory'] as const).filter(kind => asked[kind]);
  if (kinds.length > 1) throw invalidArgument(`--${kinds[0]} and --${kinds[1]} exclude each other`);
  return kinds[0] ?? 'starts';
}

function parseFormat(given: string): keyof typeof PRINTERS {
  if (given === 'table' || given === 'json' || given === 'markdown') return given;
  throw invalidArgument('must be table, json or markdown');
}

function parseCount(given: string): number {
  const count = Number(given);
  if (!/^\d+$/.test(given) || count < 1 || count > 100_000)
    throw invalidArgument('must be a number from 1 to 100000');
  return count;
}

function parseNames(kind: string, known: readonly string[]): (given: string) => string[] {
  return given => {
    const names = given.split(',').map(name => name.trim());
    const unknown = names.filter(name => !known.includes(name));
    if (unknown.length === 0) return names;
    throw invalidArgument(`no such ${kind}: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  };
}

function parsePeers(given: string | undefined): string[] | undefined {
  return given
    ?.split(',')
    .map(name => name.trim())
    .filter(Boolean);
}
