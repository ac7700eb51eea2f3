import fs from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { bytesOf, type ByteName } from './tar-names';

/**
 * What a tar has beside the contents of its files: headers, filling, order. With the unpacked tree it gives the tar
 * back, byte for byte, so that no second copy of the contents is kept; the idea is that of containers/storage's
 * tar-split.
 *
 * The file is gzipped and made of records: the length of raw bytes (4), the bytes; the length of a file's name (4), the
 * name, an offset and a length (6 each) in that file, whose bytes follow the raw ones. Numbers are little-endian. A
 * record that ends in {@link NO_PIECE} has raw bytes alone.
 */
export interface SkeletonRecord {
  raw: Buffer;
  piece?: SkeletonPiece;
}

/** Bytes of a file in the layer's tree. */
export interface SkeletonPiece {
  name: Buffer;
  offset: number;
  length: number;
}

export const NO_PIECE = 0xffffffff;
/** Bytes of a record's numbers: 4 before the raw bytes, 4 before the name, 12 after it. */
export const LENGTH_BYTES = 4;
export const PLACE_BYTES = 6;
/** Raw bytes of one record at most, and of records gathered before they are compressed. */
export const RECORD_BYTES = 64 << 10;
const GATHERED_BYTES = 256 << 10;

/** Writes a skeleton as a tar is read. */
export class SkeletonWriter {
  private readonly file: fs.WriteStream;
  private readonly gzip: Gzip = createGzip({ level: 1 });
  private readonly written: Promise<void>;
  private gathered: Buffer = Buffer.allocUnsafe(GATHERED_BYTES + RECORD_BYTES * 2);
  /** Memory that was compressed already: it would else wait for the garbage collector. */
  private readonly free: Buffer[] = [];
  private used = 0;
  /** Where the open record's length of raw bytes stands. */
  private record = 0;
  private open: { name: ByteName; offset: number; length: number } | undefined;
  /** Pieces so far, but for one that may still grow. */
  pieces = 0;

  /** @param path of the file, which is made */
  constructor(path: string) {
    this.file = fs.createWriteStream(path, { flags: 'wx', mode: 0o600 });
    this.gzip.on('error', error => this.file.destroy(error));
    this.written = finished(this.gzip.pipe(this.file));
    // Whoever waits for the end is told.
    this.written.catch(() => undefined);
    this.begin();
  }

  /** Bytes that are no file's content. */
  raw(bytes: Buffer): void {
    if (this.open) this.close();
    for (let at = 0; at < bytes.length;) {
      const room = RECORD_BYTES - (this.used - this.record - LENGTH_BYTES);
      const part = bytes.subarray(at, at + room);
      part.copy(this.gathered, this.used);
      this.used += part.length;
      at += part.length;
      if (part.length === room) this.close();
    }
  }

  /** Bytes that can be read again from a file of the tree. */
  piece(name: ByteName, offset: number, length: number): void {
    const { open } = this;
    if (open && open.name === name && open.offset + open.length === offset) {
      open.length += length;
      return;
    }
    if (open) this.close();
    this.open = { name, offset, length };
  }

  /** Resolves when the gathered records may be added to: memory is bounded by it. */
  async drained(): Promise<void> {
    if (this.gzip.writableNeedDrain)
      await Promise.race([new Promise(done => this.gzip.once('drain', done)), this.written]);
  }

  /** Resolves when the file is written. */
  async end(): Promise<void> {
    this.close();
    this.gzip.end(this.gathered.subarray(0, this.record));
    await this.written;
  }

  /** Let go of the file, which is of no use. */
  async abandon(): Promise<void> {
    this.gzip.destroy();
    this.file.destroy();
    await this.written.catch(() => undefined);
  }

  private begin(): void {
    this.record = this.used;
    this.used += LENGTH_BYTES;
  }

  private close(): void {
    const { gathered, open } = this;
    gathered.writeUInt32LE(this.used - this.record - LENGTH_BYTES, this.record);
    const name = open && bytesOf(open.name);
    this.used = gathered.writeUInt32LE(name ? name.length : NO_PIECE, this.used);
    if (open && name) {
      this.pieces += 1;
      this.used += name.copy(gathered, this.used);
      this.used = gathered.writeUIntLE(open.offset, this.used, PLACE_BYTES);
      this.used = gathered.writeUIntLE(open.length, this.used, PLACE_BYTES);
    }
    this.open = undefined;
    if (this.used >= GATHERED_BYTES) {
      this.gzip.write(gathered.subarray(0, this.used), () => this.free.push(gathered));
      this.gathered = this.free.pop() ?? Buffer.allocUnsafe(gathered.length);
      this.used = 0;
    }
    this.begin();
  }
}
