import fs from 'node:fs';
import { promisify } from 'node:util';
import { Changes } from './changes';
import { SkiffError } from './errors';
import type { RotatedFiles, SeriesFile } from './rotated-files';

const read = promisify(fs.read);

/** Bytes read at once; a line is shorter. */
export const BLOCK = 1 << 20;
/** Of so many bytes without a newline the last ones are kept: what is damaged may end in a whole line. */
const KEPT_OF_DAMAGE = 64 << 10;
const NEWLINE = 10;

export interface FollowOptions {
  /** Go on with what is written later. */
  follow?: boolean;
  /** Nothing is written any more: asked before everything is read to its end, which then is the end. */
  isOver?(): Promise<boolean>;
  /** Milliseconds since the epoch: what is written later is not waited for. */
  until?: number;
  /** Ends it with an error, ABORT_ERR. */
  signal?: AbortSignal;
}

/** Where reading begins; its file is closed by who reads. */
export interface Position {
  file: SeriesFile;
  offset: number;
}

/**
 * Read a rotated series of files from a position on, without losing or repeating a line however often they are renamed
 * meanwhile, as whole lines in blocks. What a file has behind its last newline is part of no line. Without `follow` it
 * ends where the youngest file ended when it began.
 *
 * @param start undefined: there is no file yet
 * @returns blocks that are valid until the next is asked for; an empty one tells that all there is was read
 * @throws SkiffError ABORT_ERR
 */
export async function* lineBlocks(
  files: RotatedFiles,
  start: Position | undefined,
  { follow = false, isOver = async () => false, until = Infinity, signal }: FollowOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const changes = follow ? new Changes(files.directory) : undefined;
  const reader = new SeriesReader(files, start, follow);
  try {
    let askAgain = true;
    for (;;) {
      const over = !follow || Date.now() > until || (askAgain && (await isOver()));
      for (;;) {
        throwIfAborted(signal);
        const block = await reader.read();
        if (!block) break;
        if (block.length > 0) yield block;
      }
      yield Buffer.alloc(0);
      if (over || !changes) return;
      throwIfAborted(signal);
      const changed = await changes.next({ until, signal });
      // The file grows by the line, and whether it is over is a question of some cost.
      askAgain = [...changed].some(name => name !== files.name) || changed.size === 0;
    }
  } finally {
    changes?.close();
    reader.close();
  }
}

/** Reads one file of a series after the other. */
class SeriesReader {
  private readonly buffer = Buffer.allocUnsafeSlow(BLOCK);
  private filled = 0;
  /** Bytes of the buffer's beginning that were given out as a block. */
  private given = 0;
  private file: SeriesFile | undefined;
  private offset: number;
  private successor: SeriesFile | undefined;
  private readonly end: { identity: string; offset: number } | undefined;

  constructor(
    private readonly files: RotatedFiles,
    start: Position | undefined,
    follow: boolean,
  ) {
    this.file = start?.file;
    this.offset = start?.offset ?? 0;
    this.end = follow ? undefined : endOf(files);
  }

  /** @returns whole lines, perhaps none; undefined at the end of what there is */
  async read(): Promise<Buffer | undefined> {
    this.file ??= this.files.oldest();
    if (!this.file) return undefined;
    this.dropGiven();
    const length = this.lengthToRead(this.file);
    const { bytesRead } = await read(this.file.fd, this.buffer, this.filled, length, this.offset);
    if (bytesRead === 0) {
      this.forgetUnfinished();
      return this.goOn(this.file) ? Buffer.alloc(0) : undefined;
    }
    this.offset += bytesRead;
    this.filled += bytesRead;
    this.given = this.buffer.lastIndexOf(NEWLINE, this.filled - 1) + 1;
    return this.buffer.subarray(0, this.given);
  }

  close(): void {
    for (const file of [this.file, this.successor]) if (file) fs.closeSync(file.fd);
    this.file = this.successor = undefined;
  }

  private lengthToRead({ identity }: SeriesFile): number {
    const room = BLOCK - this.filled;
    return identity === this.end?.identity ? Math.min(room, this.end.offset - this.offset) : room;
  }

  /** The end of a file is reached: to the next one, or to the beginning of one that was emptied. */
  private goOn(file: SeriesFile): boolean {
    if (file.identity === this.end?.identity) return false;
    if (this.successor) {
      // Nothing more was written between its renaming and this look.
      fs.closeSync(file.fd);
      this.beginAt(this.successor);
      this.successor = undefined;
      return true;
    }
    if (fs.fstatSync(file.fd).size < this.offset) {
      this.beginAt(file);
      return true;
    }
    this.successor = this.files.next(file);
    return this.successor !== undefined;
  }

  /** Its writer may take back what it could write of a line only in part: the next time it is read from its beginning. */
  private forgetUnfinished(): void {
    this.offset -= this.filled;
    this.filled = 0;
  }

  private beginAt(file: SeriesFile): void {
    this.file = file;
    this.offset = this.filled = this.given = 0;
  }

  private dropGiven(): void {
    const from = this.given === 0 && this.filled === BLOCK ? BLOCK - KEPT_OF_DAMAGE : this.given;
    if (from > 0) this.buffer.copyWithin(0, from, this.filled);
    this.filled -= from;
    this.given = 0;
  }
}

function endOf(files: RotatedFiles): { identity: string; offset: number } | undefined {
  const youngest = files.youngest();
  if (!youngest) return undefined;
  const { size } = fs.fstatSync(youngest.fd);
  fs.closeSync(youngest.fd);
  return { identity: youngest.identity, offset: size };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new SkiffError('reading was aborted', { code: 'ABORT_ERR', cause: signal.reason });
}
