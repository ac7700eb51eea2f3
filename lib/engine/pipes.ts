import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
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

/** The master of a terminal reads and writes: node's stream for it is a duplex one, though its type does not say so. */
export function terminalOn(fd: number): Readable & Writable {
  const stream: unknown = new tty.ReadStream(fd);
  return stream as Readable & Writable;
}
