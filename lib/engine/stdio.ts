import fs from 'node:fs';
import net from 'node:net';
import tty from 'node:tty';
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
  private readonly ours: { fd: number; attach: (fd: number) => void }[] = [];

  /** Make what the options ask for; {@link attach} or {@link discard} must follow. */
  constructor(options: Pick<StartOptions, 'stdin' | 'stdout' | 'stderr' | 'tty'>) {
    if (options.tty) return;
    this.addInput(options.stdin ?? 'pipe');
    this.addOutput(1, options.stdout ?? 'pipe', fd => (this.stdout = readFrom(fd)));
    this.addOutput(2, options.stderr ?? 'pipe', fd => (this.stderr = readFrom(fd)));
  }

  /** The command has its ends: close ours of them, and let the caller's become streams. */
  attach(terminal: number): void {
    native().close({ fds: this.theirs });
    if (terminal >= 0) {
      native().release({ fds: [terminal] });
      // The master of a terminal reads and writes; node's stream for it is a duplex one, as node-pty uses it.
      const stream = new tty.ReadStream(terminal);
      this.stdin = stream as unknown as Writable;
      this.stdout = stream;
    }
    for (const { fd, attach } of this.ours) {
      native().release({ fds: [fd] });
      attach(fd);
    }
  }

  /** The start failed. */
  discard(): void {
    native().close({ fds: [...this.theirs, ...this.ours.map(({ fd }) => fd)] });
  }

  /** Resolves when the caller has read all that there was, or has let go of it. */
  async ended(): Promise<void> {
    await Promise.all([this.stdout, this.stderr].map(stream => stream && closed(stream)));
  }

  private addInput(option: StdioOption): void {
    if (option !== 'pipe') return void this.given.push(this.existing(0, option));
    const [theirs, ours] = native().pipe();
    this.give(theirs, ours, fd => {
      const stream = new net.Socket({ fd, readable: false, writable: true });
      // A command that ends without reading its input is no failure of the caller's.
      stream.on('error', () => undefined);
      this.stdin = stream;
    });
  }

  private addOutput(number: 1 | 2, option: StdioOption, attach: (fd: number) => void): void {
    if (option !== 'pipe') return void this.given.push(this.existing(number, option));
    const [ours, theirs] = native().pipe();
    this.give(theirs, ours, attach);
  }

  private give(theirs: number, ours: number, attach: (fd: number) => void): void {
    this.given.push(theirs);
    this.theirs.push(theirs);
    this.ours.push({ fd: ours, attach });
  }

  private existing(number: number, option: Exclude<StdioOption, 'pipe'>): number {
    if (option === 'inherit') return number;
    if (option !== 'ignore') return option;
    const fd = native().openNull();
    this.theirs.push(fd);
    return fd;
  }
}

function readFrom(fd: number): Readable {
  return new net.Socket({ fd, readable: true, writable: false });
}

function closed(stream: Readable): Promise<void> {
  return new Promise(resolve => {
    if (stream.closed || stream.destroyed) resolve();
    else stream.once('close', resolve);
  });
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
