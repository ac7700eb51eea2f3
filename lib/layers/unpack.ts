import { createHash } from 'node:crypto';
import { native, type UnpackEntry } from '../native';
import { checkAborted } from '../common/abort';
import { SkiffError } from '../common/errors';
import { isRootless } from '../common/rootless';
import { formatBytes } from '../common/units';
import type { SkeletonWriter } from './skeleton';
import { tarEntry } from './tar-entries';
import type { TarHeader } from './tar-header';
import { bytesOf, type ByteName } from './tar-names';
import { TarParser, type TarVisitor } from './tar-parser';
import { whiteoutOf, type WhiteoutForm } from './whiteouts';

export interface UnpackOptions {
  /** Empty, and nobody else's. */
  directory: string;
  skeleton: SkeletonWriter;
  whiteouts: WhiteoutForm;
  /** Bytes of the uncompressed tar at most. */
  maxBytes: number;
  signal?: AbortSignal;
}

/** What was unpacked. */
export interface Unpacked {
  /** SHA-256 of the uncompressed tar, in hexadecimal. */
  hex: string;
  /** Bytes of the uncompressed tar. */
  tarBytes: number;
  /** Bytes of all files, hard links counted once. */
  fileBytes: number;
  /** The tree says of things of lower layers that they are gone. */
  hasWhiteouts: boolean;
}

/**
 * Unpack a tar. Memory is bounded, however large it is: one chunk is written on the thread pool while the next one is
 * read here.
 *
 * @param chunks of the uncompressed tar; a chunk's memory may be used again once two more were asked for
 */
export async function unpackTar(chunks: AsyncIterable<Buffer>, options: UnpackOptions): Promise<Unpacked> {
  const { directory, skeleton, maxBytes, signal } = options;
  const hash = createHash('sha256');
  const writer = new EntryWriter(options);
  const parser = new TarParser(writer);
  let tarBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of chunks) {
      checkAborted(signal);
      tarBytes += chunk.length;
      if (tarBytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      parser.push(chunk);
      await writing;
      writing = write(writer.take());
      // Whoever waits for it next is told of its failure.
      writing.catch(() => undefined);
      await skeleton.drained();
    }
    parser.finish();
  } finally {
    await writing;
  }
  for (const batch of writer.directories()) await write(batch);
  await skeleton.end();
  const { fileBytes, hasWhiteouts } = writer;
  return { hex: hash.digest('hex'), tarBytes, fileBytes, hasWhiteouts };

  async function write(entries: UnpackEntry[]): Promise<void> {
    if (entries.length > 0) await native().unpack({ root: directory, entries });
  }
}

/** inode(7) */
const S_IFMT = 0o170000;
const S_IFIFO = 0o010000;

/** Entries of directories that are finished in one trip to the thread pool. */
const BATCH_ENTRIES = 512;

/** Makes of what the parser tells what the native part is to write. */
class EntryWriter implements TarVisitor {
  private entries: UnpackEntry[] = [];
  private file: OpenFile | undefined;
  private readonly unfinished = new Map<ByteName, UnpackEntry>();
  fileBytes = 0;
  hasWhiteouts = false;

  constructor(private readonly options: UnpackOptions) {}

  entry(header: TarHeader): void {
    const { name, write } = tarEntry(header);
    const whiteout = whiteoutOf(name);
    if (whiteout) {
      this.hasWhiteouts ||= whiteout.kind !== 'private';
      if (whiteout.kind === 'private') return;
      if (this.options.whiteouts === 'overlay') {
        this.entries.push({ kind: whiteout.kind, name: bytesOf(whiteout.name) });
        return;
      }
    }
    if (write.kind === 'directory') this.unfinished.set(name, { ...write, kind: 'meta' });
    else if (this.unfinished.size > 0) this.unfinished.delete(name);
    if (write.kind === 'file') {
      this.fileBytes += header.stored;
      this.file = { name, write: { ...write, size: header.size }, begun: false, whole: header.size === 0 };
    } else if (!isLinkToItself(write) && !(isRootless() && isDevice(write))) this.entries.push(write);
  }

  content(bytes: Buffer, offset: number): void {
    const { file, options, entries } = this;
    if (!file) return options.skeleton.raw(bytes);
    options.skeleton.piece(file.name, offset, bytes.length);
    if (!file.begun && offset === 0) {
      entries.push({ ...file.write, data: bytes });
      file.whole = bytes.length === file.write.size;
    } else {
      if (!file.begun) entries.push({ ...file.write, data: NO_DATA });
      entries.push({ kind: 'data', name: file.write.name, data: bytes, offset, size: file.write.size });
    }
    file.begun = true;
  }

  end(): void {
    const { file } = this;
    if (!file) return;
    if (!file.begun) this.entries.push({ ...file.write, data: NO_DATA });
    if (!file.whole) this.entries.push({ ...file.write, kind: 'meta' });
    this.file = undefined;
  }

  raw(bytes: Buffer): void {
    this.options.skeleton.raw(bytes);
  }

  /** What came since the last call. */
  take(): UnpackEntry[] {
    const { entries } = this;
    this.entries = [];
    return entries;
  }

  /** What lies deeper comes first: a directory may take away the right to enter it. */
  *directories(): Generator<UnpackEntry[]> {
    const finished = [...this.unfinished].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, meta]) => meta);
    for (let at = 0; at < finished.length; at += BATCH_ENTRIES) yield finished.slice(at, at + BATCH_ENTRIES);
  }
}

/** A file whose content is coming. */
interface OpenFile {
  name: ByteName;
  write: UnpackEntry;
  /** It is made. */
  begun: boolean;
  /** All of it comes with its making: owner, mode and times are set at once. */
  whole: boolean;
}

const NO_DATA = Buffer.alloc(0);

/** Nobody can make one in a user namespace, or open it; whiteouts are no entries of a tar. */
function isDevice({ kind, mode = 0 }: UnpackEntry): boolean {
  return kind === 'node' && (mode & S_IFMT) !== S_IFIFO;
}

/** As some archivers write it for a file named twice. */
function isLinkToItself({ kind, name, target }: UnpackEntry): boolean {
  return kind === 'link' && Buffer.isBuffer(name) && Buffer.isBuffer(target) && name.equals(target);
}

function tooLarge(maxBytes: number): SkiffError {
  return new SkiffError(`it unpacks to more than ${formatBytes(maxBytes)}`, {
    code: 'TOO_LARGE',
    remedy: 'Allow more where it is to be trusted: --max-size.',
  });
}
