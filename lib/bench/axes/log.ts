import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from '../../common/errors';
import type { Skiff } from '../../engine';
import { measure, type Measured } from '../measure';
import { podmanWithLog } from '../peers/podman';
import { findProgram } from '../programs';
import { ALL_FEATURES, type Row } from '../row';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';

/** Bytes of `yes`, each line of it two: what is logged is twenty times as much. */
const BYTES = 32 << 20;
const AT = `${BYTES >> 20} MiB of yes`;
/** Of each log file, for both. */
const MAX_SIZE = '10m';

/**
 * Makes the lines first and tells by itself, in hundredths of a second, how long it took to be rid of them: neither its
 * start nor `yes` is in the time.
 */
const SCRIPT = `yes | head -c ${BYTES} > /lines; read a rest < /proc/uptime; cat /lines; read b rest < /proc/uptime; echo took $a $b`;
const TOOK = /took (\d+\.\d+) (\d+\.\d+)$/m;

/** A command that writes as fast as its log takes it. */
export const log: Axis = {
  name: 'log',
  async measure({ skiff, directory }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const [layer = ''] = await skiff.layers();
    const rows = [monitorRow(skiff)];
    const peer = await conmonRow(path.join(directory, 'conmon'), layer).catch((error: unknown) =>
      errorMessage(error),
    );
    if (typeof peer !== 'string') rows.push(peer);
    try {
      const [ours, theirs] = await measure(rows, {
        rounds: Math.min(rounds, 20),
        warmUp: 1,
        limitMs,
        signal,
      });
      return [point(ours!, theirs), ...(theirs ? [point(theirs)] : [])];
    } finally {
      if (typeof peer !== 'string') await peer.close?.();
    }
  },
};

function point(measured: Measured, base?: Measured): AxisPoint {
  return pointOf('log', AT, measured, base ? compareTimes(base.row.name, measured.times, base.times) : []);
}

function monitorRow(skiff: Skiff): Row {
  return {
    name: 'skiff monitor',
    title: 'the log of a detached container',
    does: ALL_FEATURES,
    async round() {
      const container = await skiff.create(['sh', '-c', SCRIPT], { log: { maxSize: MAX_SIZE, maxFiles: 2 } });
      try {
        await container.start();
        await container.wait();
        return took(path.join((await container.info()).directory, 'log'));
      } finally {
        await container.remove({ force: true });
      }
    },
  };
}

/** @throws SkiffError where there is no podman, or it does not work here */
async function conmonRow(directory: string, layer: string): Promise<Row> {
  const file = path.join(directory, 'log');
  const program = findProgram('podman') ?? 'podman';
  const { run, close } = await podmanWithLog(program, { directory, layer, file, maxSize: MAX_SIZE });
  return {
    name: 'conmon',
    title: 'the log of a container of podman',
    does: [],
    async round() {
      fs.rmSync(file, { force: true });
      await run(SCRIPT);
      return took(file);
    },
    close,
  };
}

/** Ms, from the last line of a log. */
function took(file: string): number {
  const [, begin, end] = TOOK.exec(fs.readFileSync(file, 'utf8').trimEnd()) ?? [];
  if (end === undefined) throw new Error(`${file} does not tell how long it took`);
  return (Number(end) - Number(begin)) * 1000;
}
