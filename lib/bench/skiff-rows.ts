import path from 'node:path';
import { packageRoot } from '../common/package';
import type { Skiff } from '../engine';
import type { RunOptions } from '../engine/options';
import { timeProgram } from './programs';
import { ALL_FEATURES, type Row } from './row';

/** Every container of the benchmark has it, where its runtime can. */
export const MEMORY_LIMIT = '256m';

export const TRUE = '/bin/true';

/** Options of every pool of the benchmark: those of the cold row. */
export const POOL_OPTIONS = { memory: MEMORY_LIMIT, stdout: 'ignore', stderr: 'ignore' } as const;

/** Where this is set, an empty Node program takes three times as long, and bin/run hides it from its node. */
const CERTIFICATES =
  process.env.NODE_EXTRA_CA_CERTS === undefined ? '' : ', without the certificates of NODE_EXTRA_CA_CERTS';

/** A whole life by the API: from the call to the promise that tells that all is removed. */
export function apiRow(skiff: Skiff): Row {
  return apiRowWith(skiff, {});
}

/** The same with more options than the limit that all have. */
export function apiRowWith(skiff: Skiff, options: RunOptions): Row {
  return {
    name: 'skiff API',
    title: 'skiff.run(), cold',
    does: ALL_FEATURES,
    async round() {
      const start = performance.now();
      const { exitCode } = await skiff.run([TRUE], {
        memory: MEMORY_LIMIT,
        stdout: 'ignore',
        stderr: 'ignore',
        ...options,
      });
      if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
      return performance.now() - start;
    },
  };
}

/** Only the start: from the call to the running command. Its end is waited for off the clock. */
export function startRowWith(skiff: Skiff, options: Pick<RunOptions, 'rootfs' | 'volumes'>): Row {
  return {
    name: 'skiff API start',
    title: 'skiff.start(), until the command runs',
    does: ALL_FEATURES,
    async round() {
      const start = performance.now();
      const streams = { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' } as const;
      const container = await skiff.start([TRUE], { memory: MEMORY_LIMIT, ...streams, ...options });
      const time = performance.now() - start;
      await container.wait();
      return time;
    },
  };
}

/** What a warm row needs of a pool of parked containers. */
export interface WarmPool {
  run(command: string[]): Promise<{ exitCode: number }>;
}

/** A request to a pool whose containers are parked: from the call to its result. */
export function warmRow(pool: WarmPool): Row {
  return {
    name: 'skiff API warm',
    title: 'pool.run(), parked before',
    does: ALL_FEATURES,
    note: 'to the result; the container is removed, and the next one parked, behind it',
    async round() {
      const start = performance.now();
      const { exitCode } = await pool.run([TRUE]);
      if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
      return performance.now() - start;
    },
  };
}

/** The same by the command line. */
export function cliRow(root: string): Row {
  const program = path.join(packageRoot(), 'bin', 'run');
  return {
    name: 'skiff run',
    title: 'skiff run true, a process of its own',
    does: ALL_FEATURES,
    note: `node's own start is in it${CERTIFICATES}`,
    round: () => timeProgram(program, ['--root', root, 'run', '-m', MEMORY_LIMIT, TRUE]),
  };
}

/** What the command line can not be faster than. */
export function nodeRow(): Row {
  return {
    name: 'node -e 0',
    title: 'an empty Node program',
    does: [],
    note: 'the floor of every command line in Node',
    round: () => timeProgram(process.execPath, ['-e', '0']),
  };
}

/** What a command line costs before it does anything. */
export function helpRow(): Row {
  const program = path.join(packageRoot(), 'bin', 'run');
  return {
    name: 'skiff --help',
    title: 'the help, a process of its own',
    does: [],
    note: "no container; node's own start is in it",
    round: () => timeProgram(program, ['--help']),
  };
}

export function spawnRow(): Row {
  return {
    name: 'spawn',
    title: "child_process.spawn('/bin/true')",
    does: [],
    note: "no container; the host's /bin/true",
    round: () => timeProgram(TRUE, []),
  };
}
