import type { Readable, Writable } from 'node:stream';
import type { RuntimeContext } from '../runtime/context';
import type { ContainerStreams } from './stdio';

/** What a caller holds of any command that was started for him: its streams, and the care for his terminal. */
export abstract class CommandHandle {
  protected constructor(
    protected readonly context: RuntimeContext,
    protected readonly streams: ContainerStreams,
  ) {}

  get stdin(): Writable | null {
    return this.streams.stdin;
  }

  get stdout(): Readable | null {
    return this.streams.stdout;
  }

  get stderr(): Readable | null {
    return this.streams.stderr;
  }

  resize(size: { rows: number; columns: number }): void {
    this.streams.resize(size);
  }

  guardTerminal(terminal: number): Promise<void> {
    return this.context.watchdog.guardTerminal(terminal);
  }

  forgetTerminal(): Promise<void> {
    return this.context.watchdog.forgetTerminal();
  }
}
