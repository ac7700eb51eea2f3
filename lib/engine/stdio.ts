import fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { native } from '../native';
import type { StartOptions, StdioOption } from './options';
import type { TerminalStreams } from './pipes';

/** The streams of one container: what its command is given, and what the caller holds. */
export class ContainerStreams {
  stdin: Writable | null = null;
  stdout: Readable | null = null;
  stderr: Readable | null = null;
  /** Descriptors for the command's 0, 1 and 2, -1 for /dev/null; none for a terminal. */
  readonly given: number[] = [];
  private terminal: { fd: number; streams: TerminalStreams } | undefined;
  private readonly theirs: number[] = [];
  private readonly ours: { name: 'stdin' | 'stdout' | 'stderr'; fd: number }[] = [];

  /** Make what the options ask for; {@link attach} or {@link discard} must follow. */
  constructor(options: Pick<StartOptions, 'stdin' | 'stdout' | 'stderr' | 'tty'>) {
    if (options.tty) return;
    this.add('stdin', 0, options.stdin ?? 'pipe');
    this.add('stdout', 1, options.stdout ?? 'pipe');
    this.add('stderr', 2, options.stderr ?? 'pipe');
  }

  /** The command has its ends: close ours of them, and let the caller's become streams. */
  async attach(terminal: number): Promise<void> {
    native().close({ fds: this.theirs.splice(0) });
    if (terminal < 0 && this.ours.length === 0) return;
    // Loaded at need: node:net and node:tty take longer than the start of a container that is handed descriptors.
    const { readFrom, terminalOn, writeTo } = await import('./pipes');
    if (terminal >= 0) {
      native().release({ fds: [terminal] });
      this.terminal = { fd: terminal, streams: terminalOn(terminal) };
      ({ stdin: this.stdin, stdout: this.stdout } = this.terminal.streams);
    }
    for (let own = this.ours.shift(); own; own = this.ours.shift()) {
      const { name, fd } = own;
      native().release({ fds: [fd] });
      if (name === 'stdin') this.stdin = writeTo(fd);
      else this[name] = readFrom(fd);
    }
  }

  /** Set the size of the terminal, if there is one and it is still open. */
  resize(size: { rows: number; columns: number }): void {
    if (!this.terminal || this.terminal.streams.closed) return;
    native().setWindowSize({ terminal: this.terminal.fd, ...size });
  }

  /** The start failed, at whatever point: each descriptor is given back once, its number may be another's then. */
  discard(): void {
    native().close({ fds: [...this.theirs.splice(0), ...this.ours.splice(0).map(({ fd }) => fd)] });
    this.close();
  }

  /** The command has ended: what is still written to its input would reach nobody. */
  closeInput(): void {
    // A terminal is one stream for both directions, and may have output yet.
    if (!this.terminal) this.stdin?.destroy();
  }

  /** The caller lets go of all that it holds, read or not. */
  close(): void {
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy();
  }

  private add(name: 'stdin' | 'stdout' | 'stderr', number: number, option: StdioOption): void {
    if (option !== 'pipe') return void this.given.push(existing(number, option));
    const [readEnd, writeEnd] = native().pipe();
    const [theirs, ours] = name === 'stdin' ? [readEnd, writeEnd] : [writeEnd, readEnd];
    this.given.push(theirs);
    this.theirs.push(theirs);
    this.ours.push({ name, fd: ours });
  }
}

function existing(number: number, option: Exclude<StdioOption, 'pipe'>): number {
  if (option === 'inherit') return number;
  return option === 'ignore' ? -1 : option;
}

/** Whether a descriptor is open; what is not gives a clear error before anything is started. */
export function isOpen(fd: number): boolean {
  try {
    fs.fstatSync(fd);
    return true;
  } catch {
    // fstat's only failure on a number is EBADF.
    return false;
  }
}
