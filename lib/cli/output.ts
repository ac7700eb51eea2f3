import fs from 'node:fs';
import { errorCode } from '../common/errors';

const STDOUT = 1;
const STDERR = 2;
/** How long to wait, in ms, before writing to a full pipe again. */
const RETRY_MS = 5;

/**
 * Write to standard output, whole. A reader that is gone is no error: there is nobody left to tell.
 *
 * @returns false where there is no reader any more: who would write on and on can stop
 */
export function writeOut(text: string | Uint8Array): boolean {
  return writeAll(STDOUT, typeof text === 'string' ? Buffer.from(text) : text);
}

/** Write to standard error, whole. */
export function writeErr(text: string): void {
  writeAll(STDERR, Buffer.from(text));
}

/** Write bytes to one of the two, whole; false where their reader is gone. */
export function writeBytes(stream: 'stdout' | 'stderr', bytes: Buffer): boolean {
  return writeAll(stream === 'stdout' ? STDOUT : STDERR, bytes);
}

/**
 * process.stdout and process.stderr are left alone: they set O_NONBLOCK on a pipe, for everybody who shares it, the
 * container included. Somebody else may have done so: then a full pipe answers EAGAIN.
 */
function writeAll(fd: number, bytes: Uint8Array): boolean {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(fd, rest));
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') {
        if (['EPIPE', 'EIO', 'EBADF'].includes(errorCode(error) ?? '')) return false;
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
  return true;
}
