import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { SkiffError } from '../common/errors';
import { packageRoot } from '../common/package';
import { tryProgram } from './programs';

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
export class Floor {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private told = '';

  constructor({ program, layer, root }: FloorOptions) {
    this.child = spawn(program, ['--serve', '--layer', layer, '--root', root], { stdio: 'pipe' });
    this.child.stderr.on('data', (chunk: Buffer) => (this.told += chunk.toString()));
    // Told by the end of its output, which every round waits for.
    this.child.on('error', error => (this.told += error.message));
    this.child.stdin.on('error', () => undefined);
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** One container's life, in ms. */
  async round(): Promise<number> {
    this.child.stdin.write('.');
    const { value, done } = await this.lines.next();
    if (done) throw new SkiffError(this.told.trim() || 'floor: ended', { code: 'PROGRAM_FAILED' });
    return Number(value) / 1e6;
  }

  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const ended = new Promise(resolve => this.child.once('exit', resolve));
    this.child.stdin.end();
    await ended;
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
