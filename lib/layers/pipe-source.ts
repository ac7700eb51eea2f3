import fs from 'node:fs';
import { errorCode } from '../common/errors';
import { BufferRing } from './buffer-ring';
import type { ByteSource } from './byte-source';

/** An open pipe, read into memory that is used again: a stream of node's makes new memory for every 64 KiB. */
export class PipeSource implements ByteSource {
  private peeked: Buffer = Buffer.alloc(0);

  /** @param fd stays the caller's */
  constructor(private readonly fd: number) {}

  async head(bytes: number): Promise<Buffer> {
    const wanted = bytes - this.peeked.length;
    if (wanted > 0) this.peeked = Buffer.concat([this.peeked, await this.fill(Buffer.alloc(wanted))]);
    return this.peeked.subarray(0, bytes);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const ring = new BufferRing();
    let { peeked } = this;
    for (;;) {
      const buffer = ring.next();
      peeked.copy(buffer);
      const filled = await this.fill(buffer.subarray(peeked.length));
      const length = peeked.length + filled.length;
      peeked = peeked.subarray(0, 0);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  }

  /** Read until the buffer is full, or there is no more. */
  private async fill(buffer: Buffer): Promise<Buffer> {
    let used = 0;
    while (used < buffer.length) {
      const bytes = await readPipe(this.fd, buffer.subarray(used));
      if (bytes === 0) break;
      used += bytes;
    }
    return buffer.subarray(0, used);
  }
}

/** Somebody else may have made it one that does not wait; then it is asked again after so long, in ms. */
const RETRY_MS = 5;

async function readPipe(fd: number, buffer: Buffer): Promise<number> {
  for (;;) {
    try {
      return await read(fd, buffer);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }
}

function read(fd: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.read(fd, buffer, 0, buffer.length, null, (error, bytes) => (error ? reject(error) : resolve(bytes))),
  );
}
