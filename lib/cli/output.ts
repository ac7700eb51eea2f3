import fs from 'node:fs';
import { errorCode } from '../common/errors';

const STDOUT = 1;
const STDERR = 2;
/** How long to wait, in ms, before writing to a full pipe again. */
const RETRY_MS = 5;

/** Write to standard output, whole. A reader that is gone is no error: there is nobody left to tell. */
export function writeOut(text: string | Uint8Array): void {
  writeAll(STDOUT, text);
}

/** Write to standard error, whole. */
export function writeErr(text: string): void {
  writeAll(STDERR, text);
}

/**
 * process.stdout and process.stderr are left alone: they set O_NONBLOCK on a pipe, for everybody who shares it, the
 * container included. Somebody else may have done so: then a full pipe answers EAGAIN.
 */
function writeAll(fd: number, text: string | Uint8Array): void {
  let rest = typeof text === 'string' ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(fd, rest));
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') {
        if (['EPIPE', 'EIO', 'EBADF'].includes(errorCode(error) ?? '')) return;
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
