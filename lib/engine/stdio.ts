import fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { native } from '../native';
import type { StartOptions, StdioOption } from './options';

/** The streams of one container: what its command is given, and what the caller holds. */
export class ContainerStreams {
  stdin: Writable | null = null;
  stdout: Readable | null = null;
  stderr: Readable | null = null;
  /** Descriptors for the command's 0, 1 and 2; none for a terminal. */
  readonly given: number[] = [];
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
    native().close({ fds: this.theirs });
    if (terminal < 0 && this.ours.length === 0) return;
    // Loaded at need: node:net and node:tty take longer than the start of a container that is handed descriptors.
    const { readFrom, terminalOn, writeTo } = await import('./pipes');
    if (terminal >= 0) {
      native().release({ fds: [terminal] });
      this.stdin = this.stdout = terminalOn(terminal);
    }
    for (const { name, fd } of this.ours) {
      native().release({ fds: [fd] });
      if (name === 'stdin') this.stdin = writeTo(fd);
      else this[name] = readFrom(fd);
    }
  }

  /** The start failed. */
  discard(): void {
    native().close({ fds: [...this.theirs, ...this.ours.map(({ fd }) => fd)] });
  }

  private add(name: 'stdin' | 'stdout' | 'stderr', number: number, option: StdioOption): void {
    if (option !== 'pipe') return void this.given.push(this.existing(number, option));
    const [readEnd, writeEnd] = native().pipe();
    const [theirs, ours] = name === 'stdin' ? [readEnd, writeEnd] : [writeEnd, readEnd];
    this.given.push(theirs);
    this.theirs.push(theirs);
    this.ours.push({ name, fd: ours });
  }

  private existing(number: number, option: Exclude<StdioOption, 'pipe'>): number {
    if (option === 'inherit') return number;
    if (option !== 'ignore') return option;
    const fd = native().openNull();
    this.theirs.push(fd);
    return fd;
  }
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
