import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import readline from 'node:readline';
import { SkiffError } from '../common/errors';
import type { RunAs } from './programs';

/**
 * A program that runs and waits for orders, so that its own start is not in the time: for each byte on its standard
 * input it does one round, on its own clock, and prints the nanoseconds as a line. It ends with its input.
 */
export class ServedProgram {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private told = '';

  constructor(file: string, args: readonly string[], as: RunAs = {}) {
    this.child = spawn(file, args, { ...as, stdio: 'pipe' });
    this.child.stderr.on('data', (chunk: Buffer) => (this.told += chunk.toString()));
    // Told by the end of its output, which every round waits for.
    this.child.on('error', error => (this.told += error.message));
    this.child.stdin.on('error', () => undefined);
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** One round, in ms. */
  async round(): Promise<number> {
    this.child.stdin.write('.');
    const { value, done } = await this.lines.next();
    if (done) throw new SkiffError(this.told.trim() || 'ended', { code: 'PROGRAM_FAILED' });
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
