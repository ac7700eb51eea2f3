import { createHash } from 'node:crypto';
import path from 'node:path';
import type { UnpackEntry } from '../native';
import { checkAborted } from '../common/abort';
import { isRootless } from '../common/rootless';
import { EntryBatch, writeArchive } from './entry-batch';
import { tooLarge } from './errors';
import { ReplacedFiles, type PlacedEntry } from './replaced-files';
import { SkeletonWriter } from './skeleton';
import { tarEntry } from './tar-entries';
import type { TarHeader } from './tar-header';
import { bytesOf, type ByteName } from './tar-names';
import type { TarVisitor } from './tar-parser';
import { whiteoutOf, type WhiteoutForm } from './whiteouts';

export interface UnpackOptions {
  /** Empty, and nobody else's. */
  directory: string;
  /** The file that the tar can be put together by again, skeleton.ts; it is made. */
  skeleton: string;
  /** A directory of the same file system, for what waits until the end of a large archive. */
  spool: string;
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
  const { directory, spool, maxBytes, signal } = options;
  const hash = createHash('sha256');
  const batch = new EntryBatch(spool);
  const replaced = new ReplacedFiles(path.join(spool, 'replaced'));
  const skeleton = new SkeletonWriter(options.skeleton);
  const visitor = new LayerVisitor(options.whiteouts, skeleton, batch);
  let tarBytes = 0;
  const reading = writeArchive(chunks, {
    visitor,
    batch,
    write: entries => replaced.write(directory, entries),
    arrived(chunk) {
      checkAborted(signal);
      tarBytes += chunk.length;
      if (tarBytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
    },
    settled: () => skeleton.drained(),
  });
  await reading.then(
    () => skeleton.end(),
    error => abandon(skeleton, error),
  );
  await replaced.finish(options.skeleton);
  const { fileBytes, hasWhiteouts } = visitor;
  return { hex: hash.digest('hex'), tarBytes, fileBytes, hasWhiteouts };
}

async function abandon(skeleton: SkeletonWriter, error: unknown): Promise<never> {
  await skeleton.abandon();
  throw error;
}

/** inode(7) */
const S_IFMT = 0o170000;
const S_IFIFO = 0o010000;

/** Makes of what the parser tells what the native part is to write. */
class LayerVisitor implements TarVisitor {
  /** The file whose content is coming. */
  private file: ByteName | undefined;
  fileBytes = 0;
  hasWhiteouts = false;

  constructor(
    private readonly whiteouts: WhiteoutForm,
    private readonly skeleton: SkeletonWriter,
    private readonly batch: EntryBatch,
  ) {}

  entry(header: TarHeader): void {
    const { name, write } = tarEntry(header);
    const whiteout = whiteoutOf(name);
    if (whiteout) {
      this.hasWhiteouts ||= whiteout.kind !== 'private';
      if (whiteout.kind === 'private') return;
      if (this.whiteouts === 'overlay') {
        this.batch.push({ kind: whiteout.kind, name: bytesOf(whiteout.name) });
        return;
      }
    }
    if (write.kind === 'file') {
      this.fileBytes += header.stored;
      this.file = name;
    } else if (isRootless() && isDevice(write)) return;
    const placed: PlacedEntry = { ...write, after: this.skeleton.pieces };
    this.batch.add(name, placed, header.size);
  }

  content(bytes: Buffer, offset: number): void {
    const { skeleton } = this;
    if (this.file === undefined) return skeleton.raw(bytes);
    skeleton.piece(this.file, offset, bytes.length);
    this.batch.content(bytes, offset);
  }

  end(): void {
    this.batch.end();
    this.file = undefined;
  }

  raw(bytes: Buffer): void {
    this.skeleton.raw(bytes);
  }
}

/** Nobody can make one in a user namespace, or open it; whiteouts are no entries of a tar. */
function isDevice({ kind, mode = 0 }: UnpackEntry): boolean {
  return kind === 'node' && (mode & S_IFMT) !== S_IFIFO;
}
