import type { Readable } from 'node:stream';
import { StreamSource, tapped, tarChunks } from '../layers/source';
import { tarEntry } from '../layers/tar-entries';
import type { TarHeader } from '../layers/tar-header';
import { TarParser, type TarVisitor } from '../layers/tar-parser';
import { native, type UnpackEntry } from '../native';

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

/** Entries of directories that are finished in one trip to the thread pool. */
const BATCH_ENTRIES = 512;

/**
 * Unpack a tar, plain or compressed, into a directory that is in use: of a running container, or of the host. What is
 * there stays where the archive does not replace it; a directory is not replaced by what is none, nor the other way
 * round. No name and no link leads out of the directory. The directory itself stays as it is.
 *
 * @returns bytes of the archive, as they came
 * @throws SkiffError UNSAFE_TAR, BROKEN_TAR; an errno's name with the entry as path, EISDIR and ENOTDIR among them
 */
export async function receiveTar(archive: Readable, options: ReceiveOptions): Promise<number> {
  let bytes = 0;
  const source = tapped(new StreamSource(archive), { onBytes: length => (bytes += length) });
  const receiver = new Receiver(options.owner);
  const parser = new TarParser(receiver);
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of tarChunks(source)) {
      parser.push(chunk);
      await writing;
      writing = write(receiver.take());
      // Whoever waits for it next is told of its failure.
      writing.catch(() => undefined);
    }
    parser.finish();
  } finally {
    await writing;
  }
  for (const batch of receiver.directories()) await write(batch);
  return bytes;

  async function write(entries: UnpackEntry[]): Promise<void> {
    const root = `/proc/self/fd/${options.directory}`;
    if (entries.length > 0) await native().unpack({ root, entries, keepKinds: true });
  }
}

/** Makes of what the parser tells what is to be written. */
class Receiver implements TarVisitor {
  private entries: UnpackEntry[] = [];
  /** Directories get their times and modes when all is in them. */
  private readonly unfinished = new Map<string, UnpackEntry>();
  private file: { write: UnpackEntry; isMade: boolean; isWhole: boolean } | undefined;

  constructor(private readonly owner: Owner | undefined) {}

  entry(header: TarHeader): void {
    const { name, write } = tarEntry(header);
    if (name === '') return;
    const owned = { ...write, ...this.owner };
    if (write.kind === 'directory') this.unfinished.set(name, { ...owned, kind: 'meta' });
    else this.unfinished.delete(name);
    if (write.kind === 'file')
      this.file = { write: { ...owned, size: header.size }, isMade: false, isWhole: header.size === 0 };
    else if (!isLinkToItself(write)) this.entries.push(owned);
  }

  content(data: Buffer, offset: number): void {
    const { file } = this;
    if (!file) return;
    const begins = offset === 0;
    if (!file.isMade) this.entries.push({ ...file.write, data: begins ? data : NO_DATA });
    if (!begins) this.entries.push({ ...file.write, kind: 'data', data, offset });
    file.isWhole ||= begins && data.length === file.write.size;
    file.isMade = true;
  }

  end(): void {
    const { file } = this;
    if (!file) return;
    if (!file.isMade) this.entries.push({ ...file.write, data: NO_DATA });
    if (!file.isWhole) this.entries.push({ ...file.write, kind: 'meta' });
    this.file = undefined;
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

const NO_DATA = Buffer.alloc(0);

/** As some archivers write it for a file named twice. */
function isLinkToItself({ kind, name, target }: UnpackEntry): boolean {
  return kind === 'link' && Buffer.isBuffer(name) && Buffer.isBuffer(target) && name.equals(target);
}
