import path from 'node:path';
import { packageRoot } from '../common/package';
import type { Skiff } from '../engine';
import { timeProgram } from './programs';
import { ALL_FEATURES, type Row } from './row';

/** Every container of the benchmark has it, where its runtime can. */
export const MEMORY_LIMIT = '256m';

export const TRUE = '/bin/true';

/** A whole life by the API: from the call to the promise that tells that all is removed. */
export function apiRow(skiff: Skiff): Row {
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
      });
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
    note: "node's own start is in it",
    round: () => timeProgram(process.execPath, [program, '--root', root, 'run', '-m', MEMORY_LIMIT, TRUE]),
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

export function spawnRow(): Row {
  return {
    name: 'spawn',
    title: "child_process.spawn('/bin/true')",
    does: [],
    note: "no container; the host's /bin/true",
    round: () => timeProgram(TRUE, []),
  };
}
