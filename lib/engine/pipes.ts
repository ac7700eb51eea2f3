import fs from 'node:fs';
import net from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import tty from 'node:tty';

/* Node's streams over descriptors, which they own from then on. */

export function readFrom(fd: number): Readable {
  return new net.Socket({ fd, readable: true, writable: false });
}

export function writeTo(fd: number): Writable {
  const stream = new net.Socket({ fd, readable: false, writable: true });
  // A command that ends without reading its input is no failure of the caller's.
  stream.on('error', () => undefined);
  return stream;
}

/** Both directions of a container's terminal. */
export interface TerminalStreams {
  stdin: Writable;
  stdout: Readable;
  /** The descriptor is closed, and its number may be somebody else's. */
  readonly closed: boolean;
}

/** More than a terminal gives at once. */
const CHUNK = 8192;

/**
 * libuv takes a short read together with a hang-up for the end (uv__stream_io), as it is with a socket. A terminal gives
 * 4 KiB at most at once, however much it holds: what is left is read here, before the end is told. No process has the
 * slave then, so that it is bounded by the kernel's buffers and ends with EIO.
 */
class Master extends tty.ReadStream {
  constructor(private readonly descriptor: number) {
    super(descriptor);
  }

  override push(chunk: Buffer | null): boolean {
    if (chunk === null) this.drain();
    return super.push(chunk);
  }

  private drain(): void {
    try {
      for (;;) {
        const chunk = Buffer.alloc(CHUNK);
        const length = fs.readSync(this.descriptor, chunk);
        if (length === 0) return;
        super.push(chunk.subarray(0, length));
      }
    } catch (error) {
      // EAGAIN: a process has opened the slave anew; libuv has told the end already.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EIO' && code !== 'EAGAIN') throw error;
    }
  }
}

/**
 * Streams over the master of a terminal. Linux answers EIO to its reader when the last process with the slave is gone
 * (pty(7) has no end of file): here that is the end of stdout.
 */
export function terminalOn(fd: number): TerminalStreams {
  const master: tty.ReadStream = new Master(fd);
  const stdout = new PassThrough();
  master.on('error', () => stdout.end());
  master.on('close', () => stdout.end());
  master.pipe(stdout);
  // Node's stream for a terminal is a duplex one, though its type does not say so.
  const stdin: unknown = master;
  return {
    stdin: stdin as Writable,
    stdout,
    get closed() {
      return master.destroyed;
    },
  };
}
