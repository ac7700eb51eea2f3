import type fs from 'node:fs';
import { serialize, deserialize } from 'node:v8';
import type { UnpackEntry } from '../native';
import { openNameless } from './owner';
import type { ByteName } from './tar-names';

/** Directories that wait in memory; an archive can have millions. */
const MAX_WAITING = 4_096;
/** Directories that are finished in one trip to the thread pool. */
const BATCH_ENTRIES = 512;
const LENGTH_BYTES = 4;

/**
 * Directories get their owners, modes and times when all is in them: at the end of the archive. Until then they wait here,
 * in bounded memory: those beyond it in a file that has no name.
 */
export class DirectoryMetas {
  private waiting = new Map<ByteName, UnpackEntry>();
  private file: fs.promises.FileHandle | undefined;
  private written = 0;

  /** @param place a directory for the file */
  constructor(private readonly place: string) {}

  set(name: ByteName, meta: UnpackEntry): void {
    this.waiting.set(name, meta);
  }

  /** Something else has its name now. Of one that waits in the file the native part sees that. */
  delete(name: ByteName): void {
    if (this.waiting.size > 0) this.waiting.delete(name);
  }

  /** To be called now and then: memory is bounded by it. */
  async spill(): Promise<void> {
    if (this.waiting.size <= MAX_WAITING) return;
    this.file ??= await openNameless(this.place);
    for (const batch of this.sorted()) {
      const bytes = serialize(batch);
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      await this.file.appendFile(Buffer.concat([length, bytes]));
      this.written += LENGTH_BYTES + bytes.length;
    }
    this.waiting = new Map();
  }

  /** All of them. What an archive says of a directory last is what counts, so it comes last. */
  async *batches(): AsyncGenerator<UnpackEntry[]> {
    for (let at = 0; this.file && at < this.written;) {
      const length = (await readAt(this.file, at, LENGTH_BYTES)).readUInt32LE();
      yield deserialize(await readAt(this.file, at + LENGTH_BYTES, length)) as UnpackEntry[];
      at += LENGTH_BYTES + length;
    }
    yield* this.sorted();
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }

  /** What lies deeper comes first: a directory may take away the right to enter it. */
  private *sorted(): Generator<UnpackEntry[]> {
    const metas = [...this.waiting].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, meta]) => meta);
    for (let at = 0; at < metas.length; at += BATCH_ENTRIES) yield metas.slice(at, at + BATCH_ENTRIES);
  }
}

async function readAt(file: fs.promises.FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer;
}
