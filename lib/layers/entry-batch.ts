import type { UnpackEntry } from '../native';
import { DirectoryMetas } from './directory-metas';
import type { ByteName } from './tar-names';
import { TarParser, type TarVisitor } from './tar-parser';

const NO_DATA = Buffer.alloc(0);

/** A file whose content is coming. */
interface OpenFile {
  write: UnpackEntry;
  /** It is made. */
  begun: boolean;
  /** All of it comes with its making: owner, mode and times are set at once. */
  whole: boolean;
}

/** What the native part is to write next of an archive that is being read. */
export class EntryBatch {
  private entries: UnpackEntry[] = [];
  private file: OpenFile | undefined;
  readonly directories: DirectoryMetas;

  /** @param place a directory for files without a name */
  constructor(place: string) {
    this.directories = new DirectoryMetas(place);
  }

  /** An entry as it is made; a file's content follows. */
  add(name: ByteName, write: UnpackEntry, size: number): void {
    if (write.kind === 'directory') this.directories.set(name, { ...write, kind: 'meta' });
    else this.directories.delete(name);
    if (write.kind === 'file') this.file = { write: { ...write, size }, begun: false, whole: size === 0 };
    else if (!isLinkToItself(write)) this.entries.push(write);
  }

  /** Something that is no entry of the archive itself. */
  push(write: UnpackEntry): void {
    this.entries.push(write);
  }

  /** Of the file that was added last. */
  content(data: Buffer, offset: number): void {
    const { file, entries } = this;
    if (!file) return;
    if (!file.begun && offset === 0) {
      entries.push({ ...file.write, data });
      file.whole = data.length === file.write.size;
    } else {
      if (!file.begun) entries.push({ ...file.write, data: NO_DATA });
      entries.push({ kind: 'data', name: file.write.name, data, offset, size: file.write.size });
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

  /** What came since the last call. */
  take(): UnpackEntry[] {
    const { entries } = this;
    this.entries = [];
    return entries;
  }
}

/**
 * Read an archive and write it. Memory is bounded, however large it is: one chunk is written on the thread pool while the
 * next one is read here.
 *
 * @param chunks of the uncompressed tar; a chunk's memory may be used again once two more were asked for
 * @param options.visitor fills the batch
 * @param options.write on the thread pool
 * @param options.arrived called with each chunk before it is read
 * @param options.settled awaited after each chunk, before the next is asked for
 */
export async function writeArchive(
  chunks: AsyncIterable<Buffer>,
  options: {
    visitor: TarVisitor;
    batch: EntryBatch;
    write: (entries: UnpackEntry[]) => Promise<unknown>;
    arrived?: (chunk: Buffer) => void;
    settled?: () => Promise<void>;
  },
): Promise<void> {
  const { batch, arrived, settled } = options;
  const parser = new TarParser(options.visitor);
  const write = async (entries: UnpackEntry[]) => {
    if (entries.length > 0) await options.write(entries);
  };
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of chunks) {
      arrived?.(chunk);
      parser.push(chunk);
      await writing;
      writing = write(batch.take());
      // Whoever waits for it next is told of its failure.
      writing.catch(() => undefined);
      await settled?.();
      await batch.directories.spill();
    }
    parser.finish();
    await writing;
    for await (const entries of batch.directories.batches()) await write(entries);
  } finally {
    await writing.finally(() => batch.directories.close());
  }
}

/** As some archivers write it for a file named twice. */
function isLinkToItself({ kind, name, target }: UnpackEntry): boolean {
  return kind === 'link' && Buffer.isBuffer(name) && Buffer.isBuffer(target) && name.equals(target);
}
