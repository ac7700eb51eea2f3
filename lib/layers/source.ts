import type { Hash } from 'node:crypto';
import type fs from 'node:fs';
import type { ByteSource } from './byte-source';
import { BufferRing, CHUNK } from './buffer-ring';
export { PipeSource } from './pipe-source';
import { decompressor, MAGIC_BYTES } from './compression';
import { brokenTar } from './tar-header';

/** A part of an open file. */
export class FileSource implements ByteSource {
  constructor(
    private readonly handle: fs.promises.FileHandle,
    private readonly start: number,
    readonly length: number,
  ) {}

  async head(bytes: number): Promise<Buffer> {
    const wanted = Math.min(bytes, this.length);
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(wanted), 0, wanted, this.start);
    return buffer.subarray(0, bytesRead);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const ring = new BufferRing();
    let next = this.read(ring.next(), 0);
    for (let at = 0; at < this.length;) {
      const chunk = await next;
      if (chunk.length === 0) throw brokenTar('Unexpected end of data: the file became shorter');
      at += chunk.length;
      next = this.read(ring.next(), at);
      // Nobody may come to wait for it.
      next.catch(() => undefined);
      yield chunk;
    }
  }

  private async read(buffer: Buffer, at: number): Promise<Buffer> {
    const wanted = Math.min(buffer.length, this.length - at);
    if (wanted === 0) return buffer.subarray(0, 0);
    const { bytesRead } = await this.handle.read(buffer, 0, wanted, this.start + at);
    return buffer.subarray(0, bytesRead);
  }
}

/** A pipe, a socket, or anything else that gives its bytes once. */
export class StreamSource implements ByteSource {
  private readonly rest: AsyncIterator<Buffer>;
  private peeked: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.rest = stream[Symbol.asyncIterator]();
  }

  async head(bytes: number): Promise<Buffer> {
    while (this.peeked.length < bytes) {
      const { value, done } = await this.rest.next();
      if (done) break;
      this.peeked = Buffer.concat([this.peeked, value]);
    }
    return this.peeked.subarray(0, bytes);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.peeked.length > 0) yield this.peeked;
    try {
      for (;;) {
        const { value, done } = await this.rest.next();
        if (done) return;
        yield value;
      }
    } finally {
      await this.rest.return?.();
    }
  }
}

/** Tells somebody of the bytes that pass: their number, and their hash. */
export function tapped(
  source: ByteSource,
  { hash, onBytes }: { hash?: Hash; onBytes?: (bytes: number) => void },
): ByteSource {
  return {
    length: source.length,
    head: bytes => source.head(bytes),
    async *chunks() {
      for await (const chunk of source.chunks()) {
        hash?.update(chunk);
        onBytes?.(chunk.length);
        yield chunk;
      }
    },
  };
}

/** Whether the bytes are compressed in a way that {@link tarChunks} can undo. */
export async function isCompressed(source: ByteSource): Promise<boolean> {
  return decompressor(await source.head(MAGIC_BYTES)) !== undefined;
}

/**
 * The bytes of a tar, uncompressed, in chunks as {@link unpackTar} wants them.
 *
 * @throws SkiffError BROKEN_TAR for an empty source, MISSING_PROGRAM
 */
export async function* tarChunks(source: ByteSource): AsyncGenerator<Buffer> {
  const head = await source.head(MAGIC_BYTES);
  if (head.length === 0) throw brokenTar('the file is empty');
  const decompress = decompressor(head);
  const chunks = source.chunks();
  yield* gathered(decompress ? decompress(chunks) : chunks);
}

/** Chunks of one size out of chunks of any: what is small costs as much to hand on as what is large. */
async function* gathered(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const ring = new BufferRing();
  let buffer = ring.next();
  let used = 0;
  for await (const chunk of chunks) {
    if (used === 0 && chunk.length === CHUNK) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(buffer, used, at);
      at += copied;
      used += copied;
      if (used < buffer.length) continue;
      yield buffer;
      buffer = ring.next();
      used = 0;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}
