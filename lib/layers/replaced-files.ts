import fs from 'node:fs';
import path from 'node:path';
import { native, type UnpackEntry } from '../native';
import { SkeletonWriter } from './skeleton';
import { readSkeleton } from './skeleton-reader';
import { brokenTar } from './tar-header';
import type { ByteName } from './tar-names';

/** An entry, and how many pieces of files the skeleton had before it. */
export type PlacedEntry = UnpackEntry & { after?: number };

/** A file that lost its name to another entry. */
interface ReplacedFile {
  /** The skeleton's pieces of that name before this one are of it, or of files that were replaced earlier. */
  after: number;
  file: string;
}

/** What is remembered of them stays in memory. */
const MAX_REPLACED = 100_000;
const CHUNK = 256 << 10;

/**
 * Files that a tar has and its tree has not, since a later entry took their names. Until all is unpacked they are kept;
 * then their bytes go into the skeleton.
 */
export class ReplacedFiles {
  private readonly byName = new Map<ByteName, ReplacedFile[]>();
  private count = 0;

  /** @param directory made at once; of the file system of the tree */
  constructor(private readonly directory: string) {
    fs.mkdirSync(directory, { mode: 0o700 });
  }

  /**
   * Write entries below `root`.
   *
   * @throws SkiffError BROKEN_TAR where too many are replaced
   */
  async write(root: string, entries: PlacedEntry[]): Promise<void> {
    const replaced = this.directory;
    const replacing = await native().unpack({ root, entries, replaced, firstReplaced: this.count });
    for (const index of replacing) this.add(entries[index]!);
    if (this.count > MAX_REPLACED)
      throw brokenTar(`more than ${MAX_REPLACED} files are in it more than once`);
  }

  /** Put their bytes into the skeleton, which is written, and let go of them. */
  async finish(skeleton: string): Promise<void> {
    if (this.count > 0) {
      const rewritten = `${skeleton}.new`;
      await this.rewrite(skeleton, rewritten);
      await fs.promises.rename(rewritten, skeleton);
    }
    await native().removeTrees({ paths: [this.directory] });
  }

  private add({ name, after = 0 }: PlacedEntry): void {
    const key = Buffer.from(name).toString('latin1');
    const file = path.join(this.directory, String(this.count));
    const known = this.byName.get(key);
    if (known) known.push({ after, file });
    else this.byName.set(key, [{ after, file }]);
    this.count += 1;
  }

  private async rewrite(from: string, to: string): Promise<void> {
    const writer = new SkeletonWriter(to);
    let at = 0;
    try {
      for await (const records of readSkeleton(from)) {
        for (const { raw, piece } of records) {
          writer.raw(raw);
          if (!piece) continue;
          const name = piece.name.toString('latin1');
          const file = this.fileOf(name, at++);
          if (file === undefined) writer.piece(name, piece.offset, piece.length);
          else await copyInto(writer, file, piece);
        }
        await writer.drained();
      }
      await writer.end();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  /** Where the bytes of a piece are; undefined where the tree has them. To be asked in the order of the pieces. */
  private fileOf(name: ByteName, at: number): string | undefined {
    const files = this.byName.get(name);
    while (files?.[0] && files[0].after <= at) files.shift();
    return files?.[0]?.file;
  }
}

async function copyInto(
  writer: SkeletonWriter,
  file: string,
  { offset, length }: { offset: number; length: number },
): Promise<void> {
  const handle = await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length));
  try {
    for (let done = 0; done < length;) {
      const wanted = Math.min(buffer.length, length - done);
      const { bytesRead } = await handle.read(buffer, 0, wanted, offset + done);
      if (bytesRead === 0) throw brokenTar('a file that is in it more than once is shorter than it was');
      writer.raw(buffer.subarray(0, bytesRead));
      done += bytesRead;
      await writer.drained();
    }
  } finally {
    await handle.close();
  }
}
