import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { native, type UnpackEntry } from '../native';
import { keepPaxBytes, type PaxHeaders } from './pax';
import { tarEntry } from './tar-entries';

export interface Owner {
  uid: number;
  gid: number;
}

export interface ReceiveOptions {
  /** O_PATH descriptor of the directory that it is unpacked into; others may be at work there. */
  directory: number;
  /** Whose everything is to be; undefined: as the archive says. */
  owner?: Owner;
}

/** A file's bytes written at once: whole blocks, so that those of zeroes become holes. */
const PIECE = 1 << 20;
/** What is collected before it is written. */
const BATCH_BYTES = 1 << 20;
const BATCH_ENTRIES = 256;
const GZIP = Buffer.from('1f8b', 'hex');

/**
 * Unpack a tar, plain or gzipped, into a directory that is in use: of a running container, or of the host. What is there
 * stays where the archive does not replace it; a directory is not replaced by what is none, nor the other way round. No
 * name and no link leads out of the directory. The directory itself stays as it is.
 *
 * @returns bytes of the archive
 * @throws SkiffError UNSAFE_TAR, BROKEN_TAR; an errno's name with the entry as path, EISDIR and ENOTDIR among them
 */
export async function receiveTar(source: Readable, options: ReceiveOptions): Promise<number> {
  let bytes = 0;
  const extract = tar.extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as object);
  const reading = feed(
    counted(source, length => (bytes += length)),
    extract as unknown as NodeJS.WritableStream,
  );
  const writing = writeEntries(extract, new Receiver(options)).catch((error: unknown) => {
    extract.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  // The first failure ends both; streamx tells of the other one's no more than that the stream has ended.
  const [read, wrote] = await Promise.allSettled([reading, writing]);
  if (wrote.status === 'rejected' && !isAftermath(wrote.reason)) throw wrote.reason;
  if (read.status === 'rejected') throw read.reason;
  if (wrote.status === 'rejected') throw wrote.reason;
  return bytes;
}

function isAftermath(error: unknown): boolean {
  return error instanceof Error && /premature close|was destroyed/i.test(error.message);
}

async function* counted(source: Readable, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    count(chunk.length);
    yield chunk;
  }
}

/** Whether it is compressed is told by its first bytes. */
async function feed(chunks: AsyncGenerator<Buffer>, extract: NodeJS.WritableStream): Promise<void> {
  const first = await chunks.next();
  const begin = first.done ? Buffer.alloc(0) : first.value;
  async function* whole(): AsyncGenerator<Buffer> {
    if (begin.length > 0) yield begin;
    yield* chunks;
  }
  if (begin.subarray(0, GZIP.length).equals(GZIP)) await pipeline(whole(), createGunzip(), extract);
  else await pipeline(whole(), extract);
}

async function writeEntries(extract: tar.Extract, receiver: Receiver): Promise<void> {
  const recordsOf = keepPaxBytes(extract);
  for await (const stream of extract) {
    const header = stream.header as PaxHeaders;
    const { write } = tarEntry(header, recordsOf(header));
    await receiver.begin(write, header.size ?? 0);
    for await (const piece of pieces(stream as AsyncIterable<Buffer>)) await receiver.content(piece);
    await receiver.end();
  }
  await receiver.finish();
}

/** The stream's bytes in pieces of {@link PIECE}, the last one shorter. */
async function* pieces(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    while (length >= PIECE) {
      const all = Buffer.concat(chunks, length);
      yield all.subarray(0, PIECE);
      chunks = [all.subarray(PIECE)];
      length -= PIECE;
    }
  }
  if (length > 0) yield Buffer.concat(chunks, length);
}

/** Collects what is to be written, and writes it below the directory. */
class Receiver {
  private entries: UnpackEntry[] = [];
  private bytes = 0;
  /** Directories get their times and modes when all is in them. */
  private readonly directories = new Map<string, UnpackEntry>();
  private file: { write: UnpackEntry; offset: number } | undefined;

  constructor(private readonly options: ReceiveOptions) {}

  async begin(write: UnpackEntry, size: number): Promise<void> {
    const name = nameOf(write);
    if (name === '') return;
    const owned = { ...write, ...this.options.owner };
    if (write.kind === 'directory') this.directories.set(name, { ...owned, kind: 'meta' });
    else this.directories.delete(name);
    if (write.kind === 'file') this.file = { write: { ...owned, size }, offset: 0 };
    else if (write.kind !== 'link' || !isSame(write)) await this.add(owned);
  }

  async content(data: Buffer): Promise<void> {
    if (!this.file) return;
    const { write, offset } = this.file;
    await this.add(offset === 0 ? { ...write, data } : { ...write, kind: 'data', data, offset });
    this.file.offset += data.length;
  }

  async end(): Promise<void> {
    if (!this.file) return;
    const { write, offset } = this.file;
    this.file = undefined;
    if (offset === 0) await this.add({ ...write, data: Buffer.alloc(0) });
    else await this.add({ ...write, kind: 'meta' });
  }

  async finish(): Promise<void> {
    // What lies deeper comes first: a directory may take away the right to enter it.
    const finished = [...this.directories].sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [, meta] of finished) await this.add(meta);
    await this.flush();
  }

  private async add(entry: UnpackEntry): Promise<void> {
    this.entries.push(entry);
    this.bytes += entry.data?.length ?? 0;
    if (this.entries.length >= BATCH_ENTRIES || this.bytes >= BATCH_BYTES) await this.flush();
  }

  private async flush(): Promise<void> {
    const { entries } = this;
    this.entries = [];
    this.bytes = 0;
    const root = `/proc/self/fd/${this.options.directory}`;
    if (entries.length > 0) await native().unpack({ root, entries, keepKinds: true });
  }
}

/** Bytes of a name as a key. */
function nameOf({ name }: UnpackEntry): string {
  return Buffer.isBuffer(name) ? name.toString('latin1') : name;
}

/** A hard link to itself, as some archivers write it for a file named twice. */
function isSame({ name, target }: UnpackEntry): boolean {
  return Buffer.isBuffer(name) && Buffer.isBuffer(target) && name.equals(target);
}
