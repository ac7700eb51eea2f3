import { createHash, type Hash } from 'node:crypto';
import type fs from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SkiffError } from '../common/errors';

/** Bytes read at once. */
const CHUNK = 1 << 20;
/** A tar is made of blocks of this size, and ends in two of zeroes, pax(1). */
const BLOCK = 512;

/** First bytes of what a tar may be wrapped in, by name. */
const COMPRESSIONS: { name: string; magic: Buffer }[] = [
  { name: 'gzip', magic: Buffer.from('1f8b', 'hex') },
  { name: 'zstd', magic: Buffer.from('28b52ffd', 'hex') },
  { name: 'xz', magic: Buffer.from('fd377a585a00', 'hex') },
  { name: 'bzip2', magic: Buffer.from('425a68', 'hex') },
];

/** Something is wrong with the archive as such. */
export function brokenTar(reason: string): SkiffError {
  return new SkiffError(reason, { code: 'BROKEN_TAR', step: 'workspace' });
}

/** SHA-256 of a file, in hexadecimal. */
export async function hashFile(handle: fs.promises.FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** A stream of the file's bytes from the start on, and the hash of all that was read. */
export function readTar(handle: fs.promises.FileHandle): {
  source: fs.ReadStream;
  tap: Transform;
  hash: Hash;
} {
  const hash = createHash('sha256');
  const source = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK });
  const tap = new Transform({
    highWaterMark: CHUNK,
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { source, tap, hash };
}

/**
 * The steps between the file and the tar in it: gunzip where the content is gzip, and a check of the end.
 *
 * @throws SkiffError BROKEN_TAR for an empty file and other compressions
 */
export async function tarFilters(handle: fs.promises.FileHandle): Promise<Transform[]> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
  if (bytesRead === 0) throw brokenTar('the file is empty');
  const compression = COMPRESSIONS.find(({ magic }) => buffer.subarray(0, magic.length).equals(magic));
  if (compression === undefined) return [new EndCheck()];
  if (compression.name === 'gzip') return [createGunzip({ chunkSize: CHUNK }), new EndCheck()];
  throw brokenTar(`the file is compressed with ${compression.name}; only gzip and plain tar can be read`);
}

/** Passes a tar on and fails at its end where the end mark is missing: cut off between two entries, it looks whole. */
class EndCheck extends Transform {
  private tail: Buffer = Buffer.alloc(0);

  constructor() {
    super({ highWaterMark: CHUNK });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.tail =
      chunk.length >= BLOCK ? chunk.subarray(-BLOCK) : Buffer.concat([this.tail, chunk]).subarray(-BLOCK);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const ended = this.tail.length === BLOCK && this.tail.every(byte => byte === 0);
    done(ended ? null : brokenTar('the archive has no end mark: it is truncated, or no tar'));
  }
}
