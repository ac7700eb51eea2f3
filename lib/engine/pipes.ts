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

/**
 * Streams over the master of a terminal. Linux answers EIO to its reader when the last process with the slave is gone
 * (pty(7) has no end of file): here that is the end of stdout.
 */
export function terminalOn(fd: number): TerminalStreams {
  const master: tty.ReadStream = new tty.ReadStream(fd);
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
