import { spawn } from 'node:child_process';
import path from 'node:path';
import { SkiffError } from '../common/errors';
import { packageRoot } from '../common/package';
import type { Machine } from './machine';
import type { PhasesResult } from './phases';
import { findRatio, type BenchResult } from './results';

/** The renderer's exit code where its libraries are not installed. */
const NO_LIBRARY = 3;

/** A chart in the language of vega-lite. */
export type ChartSpec = Record<string, unknown>;

/** Rows that start a Node process or more: they would make the others' bars too short to read. */
const COMMAND_LINES = ['node -e 0', 'skiff run', 'skiff --help', 'podman', 'docker'];

/** Medians as bars with the deciles as a line; as often the floor as it says beside them. */
export function timesChart(result: BenchResult): ChartSpec {
  const { machine } = result;
  const values = result.rows.map(({ name, median, p10, p90, does }) => {
    const ratio = findRatio(result, name, 'floor');
    // What makes no container is no multiple of one.
    const times = ratio && does.length > 0 && name !== 'floor' ? `, ${ratio.median.toFixed(1)} x floor` : '';
    return { name, median, p10, p90, label: `${median.toFixed(1)} ms${times}` };
  });
  const isSlow = ({ name }: { name: string }) => COMMAND_LINES.includes(name);
  const panels = [
    { title: 'Started from a program', values: values.filter(value => !isSlow(value)) },
    { title: "By command line: node's own start, or a whole engine's", values: values.filter(isSlow) },
  ];
  return {
    ...FRAME,
    title: {
      text: 'From the call to the end of true, all of it removed: ms, median and deciles',
      subtitle: subtitleOf(machine),
    },
    vconcat: panels.filter(panel => panel.values.length > 0).map(barsOf),
  };
}

function barsOf({ title, values }: { title: string; values: { name: string }[] }) {
  const y = { field: 'name', type: 'nominal', sort: null, title: null };
  return {
    ...SIZE,
    title: { text: title, anchor: 'start', frame: 'group', fontWeight: 'normal' },
    data: { values },
    layer: [
      {
        mark: { type: 'bar' },
        encoding: {
          y,
          x: { field: 'median', type: 'quantitative', title: 'ms' },
          color: {
            condition: { test: "indexof(datum.name, 'skiff') === 0", value: OURS },
            value: '#7570b3',
          },
        },
      },
      {
        mark: { type: 'rule' },
        encoding: { y, x: { field: 'p10', type: 'quantitative' }, x2: { field: 'p90' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6 },
        encoding: { y, x: { field: 'p90', type: 'quantitative' }, text: { field: 'label' } },
      },
    ],
  };
}

/** One bar in pieces, in the order of the start, each on a line of its own: where its time goes. */
export function phasesChart(result: PhasesResult, machine: Machine): ChartSpec {
  let end = 0;
  const values = result.phases.map(({ name, share }) => {
    const start = end;
    end += share * result.meanMs;
    return { name, start, end, ms: `${(share * result.meanMs).toFixed(2)} ms` };
  });
  const y = { field: 'name', type: 'nominal', sort: null, title: null };
  return {
    ...FRAME,
    ...SIZE,
    title: {
      text: 'Where the time of one start goes (ms, mean of all starts)',
      subtitle: subtitleOf(machine),
      anchor: 'start',
    },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', color: OURS },
        encoding: { y, x: { field: 'start', type: 'quantitative', title: 'ms' }, x2: { field: 'end' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4 },
        encoding: { y, x: { field: 'end', type: 'quantitative' }, text: { field: 'ms' } },
      },
    ],
  };
}

function subtitleOf({ kernel, cores, storageDriver, fileSystem, date }: Machine): string {
  return `${kernel}, ${cores} cores, ${storageDriver} on ${fileSystem}, ${date.slice(0, 10)}`;
}

const FRAME = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config: { view: { stroke: null }, axis: { grid: false, labelLimit: 300 } },
};
const SIZE = { width: 560, height: { step: 26 } };
const OURS = '#d95f02';

/**
 * Draw a chart as SVG. The libraries are there in a checkout (devDependencies) and not in an installed package.
 *
 * @returns undefined where they are not installed
 */
export async function renderChart(spec: ChartSpec): Promise<string | undefined> {
  // A process of its own: the libraries are ES modules, and too large for the process that measures.
  const script = path.join(packageRoot(), 'lib', 'bench', 'render-chart.mjs');
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [output, errors] = [child.stdout, child.stderr].map(stream => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(spec));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code === NO_LIBRARY) return undefined;
  if (code !== 0) throw new SkiffError(`cannot draw the chart: ${errors?.()}`, { code: 'CHART_FAILED' });
  return output?.();
}
