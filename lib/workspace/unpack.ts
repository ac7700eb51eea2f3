import type fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { native, type UnpackEntry } from '../native';
import { keepPaxBytes, type PaxHeaders } from './pax';
import { brokenTar, readTar, tarFilters } from './tar-reader';
import { tarEntry, type TarEntry } from './tar-entries';

/** A file's bytes handed over at once; larger files are written piece by piece. */
const PIECE = 1 << 20;
/** Options of tar-stream that its types leave out: names as bytes, and the tar format from before POSIX. */
type ExtractOptions = Parameters<typeof tar.extract>[0] & {
  filenameEncoding: string;
  allowUnknownFormat: boolean;
};
/** Entries and bytes that are collected before they are written together. */
const BATCH_ENTRIES = 512;
const BATCH_BYTES = 4 << 20;

/**
 * Unpack a tar, plain or gzipped, into an empty directory. Memory is bounded, however large the tar is.
 *
 * @param handle the tar, open for reading
 * @param directory where to; it must be nobody else's
 * @returns SHA-256 of the file's bytes as they were read, in hexadecimal
 */
export async function unpackTar(handle: fs.promises.FileHandle, directory: string): Promise<string> {
  const filters = await tarFilters(handle);
  const { source, tap, hash } = readTar(handle);
  const options: ExtractOptions = { filenameEncoding: 'latin1', allowUnknownFormat: true };
  const extract = tar.extract(options);
  const reading = pipeline([source, tap, ...filters, extract as unknown as NodeJS.WritableStream]);
  const writing = writeEntries(extract, directory);
  // The first failure ends both; a cut-off source is told by the reading side, and in better words.
  const [read, wrote] = await Promise.allSettled([reading, writing.catch(stop)]);
  if (wrote.status === 'rejected' && !isAftermath(wrote.reason)) throw wrote.reason;
  if (read.status === 'rejected') throw read.reason;
  if (wrote.status === 'rejected') throw wrote.reason;
  return hash.digest('hex');

  function stop(error: unknown): never {
    extract.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** streamx's word for a stream that ended because another one failed. */
function isAftermath(error: unknown): boolean {
  return error instanceof Error && /premature close|was destroyed/i.test(error.message);
}

async function writeEntries(extract: tar.Extract, directory: string): Promise<void> {
  const recordsOf = keepPaxBytes(extract);
  const batch = new Batch(directory);
  const directories = new Map<string, UnpackEntry>();
  for await (const stream of extract) {
    const header = stream.header as PaxHeaders;
    const entry = tarEntry(header, recordsOf(header));
    await writeEntry(entry, stream as AsyncIterable<Buffer>, header.size ?? 0, batch, directories);
  }
  // What lies deeper comes first: a directory may take away the right to enter it.
  const finished = [...directories].sort(([a], [b]) => (a < b ? 1 : -1));
  for (const [, meta] of finished) await batch.add(meta);
  await batch.flush();
}

async function writeEntry(
  { name, write }: TarEntry,
  stream: AsyncIterable<Buffer>,
  size: number,
  batch: Batch,
  directories: Map<string, UnpackEntry>,
): Promise<void> {
  if (write.kind === 'file') {
    directories.delete(name);
    return writeFile(write, stream, size, batch);
  }
  if (write.kind === 'directory') {
    directories.set(name, { ...write, kind: 'meta' });
  } else {
    directories.delete(name);
    if (write.kind === 'link' && isSame(write.target, write.name)) return drain(stream);
  }
  await batch.add(write);
  return drain(stream);
}

/** A hard link to itself, as some archivers write it for a file named twice. */
function isSame(a: UnpackEntry['name'] | undefined, b: UnpackEntry['name']): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b);
}

async function drain(stream: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of stream) void chunk;
}

async function writeFile(
  file: UnpackEntry,
  stream: AsyncIterable<Buffer>,
  size: number,
  batch: Batch,
): Promise<void> {
  let offset = 0;
  for await (const data of pieces(stream)) {
    const piece = { data, offset, size };
    await batch.add(offset === 0 ? { ...file, ...piece } : { kind: 'data', name: file.name, ...piece });
    offset += data.length;
  }
  if (offset !== size) throw brokenTar('Unexpected end of data');
  if (size === 0) await batch.add({ ...file, data: Buffer.alloc(0), size });
  if (size > PIECE) await batch.add({ ...file, kind: 'meta' });
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

/** Entries on their way to the native part: one trip to the thread pool for many small files. */
class Batch {
  private entries: UnpackEntry[] = [];
  private bytes = 0;

  constructor(private readonly directory: string) {}

  async add(entry: UnpackEntry): Promise<void> {
    this.entries.push(entry);
    this.bytes += entry.data?.length ?? 0;
    if (this.entries.length >= BATCH_ENTRIES || this.bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const entries = this.entries;
    this.entries = [];
    this.bytes = 0;
    if (entries.length > 0) await native().unpack({ root: this.directory, entries });
  }
}
