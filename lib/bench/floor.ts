import path from 'node:path';
import { packageRoot } from '../common/package';
import { tryProgram } from './programs';
import { ServedProgram } from './served';

/** What the floor program is given. */
export interface FloorOptions {
  /** Its file, from {@link buildProgram}. */
  program: string;
  /** Read-only layer with /bin/true. */
  layer: string;
  /** Directory for its containers, on the file system that the others use. */
  root: string;
}

/**
 * Compile one of the benchmark's own programs, csrc/bench.
 *
 * @param directory where the program goes
 * @returns its path
 * @throws SkiffError where there is no C compiler
 */
export async function buildProgram(name: 'floor' | 'mounts', directory: string): Promise<string> {
  const program = path.join(directory, name);
  await tryProgram('sh', [path.join(packageRoot(), 'csrc', 'bench', 'build.sh'), name, program]);
  return program;
}

/** The floor program, running: it does one life at each call, on its own clock. */
export class Floor extends ServedProgram {
  constructor({ program, layer, root }: FloorOptions) {
    super(program, ['--serve', '--layer', layer, '--root', root]);
  }
}

/**
 * Lives of the floor program in several processes at once.
 *
 * @returns lives per second over all of them
 */
export async function floorThroughput(
  { program, layer, root }: FloorOptions,
  { rounds, parallel }: { rounds: number; parallel: number },
): Promise<number> {
  const args = ['--rounds', String(rounds), '--parallel', String(parallel), '--layer', layer, '--root', root];
  const output = await tryProgram(program, args);
  const wall = /^wall (\d+)$/m.exec(output)?.[1];
  return (rounds * parallel) / (Number(wall) / 1e9);
}
