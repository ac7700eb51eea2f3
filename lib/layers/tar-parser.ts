import type fs from 'node:fs';
import { NO_RECORDS, parsePax, type PaxRecords } from './pax';
import {
  BLOCK,
  brokenTar,
  decodeHeader,
  isZeroBlock,
  sizeOfBlock,
  typeOfBlock,
  type TarHeader,
} from './tar-header';
import type { ByteName } from './tar-names';
import { quoted } from './tar-names';
import { sparseMap, type SparsePiece } from './tar-sparse';

/** What is told of an archive, in its order. Buffers are parts of those that were pushed: to be used at once or copied. */
export interface TarVisitor {
  entry(header: TarHeader): void;
  /** Bytes of the entry's content, and where in the file they belong. */
  content(bytes: Buffer, offset: number): void;
  /** The entry's content is over. */
  end(header: TarHeader): void;
  /** Everything that is no file's content: headers, filling, what comes after the end mark. */
  raw?(bytes: Buffer): void;
}

/** An extended header's size at most: names and attributes; the kernel takes 64 KiB for an attribute, xattr(7). */
const MAX_EXTENSION = 1 << 20;

/** The reader asks for a number of bytes together, or to have so many passed on as they come. */
type Want = { take: number } | { pass: number; to: (bytes: Buffer) => void };

/** Extended headers between an entry and the one before it. */
interface Extensions {
  pax: PaxRecords;
  long: { name?: ByteName; linkname?: ByteName };
}

/**
 * Reads a tar as its bytes come, of any of the formats v7, ustar, GNU and pax, sparse files included. It keeps no more
 * than one header, however large the tar is.
 *
 * Ours and not tar-stream's reader for three reasons: that one has no sparse files, decodes as text what need not be
 * text, and gives an asynchronous stream for each entry, which for small files takes longer than to write them.
 */
export class TarParser {
  private readonly reader: TarReader;
  private readonly steps: Steps;
  private want: Want;
  private partial: Buffer[] = [];
  private missing: number;

  constructor(visitor: TarVisitor) {
    this.reader = new TarReader(visitor);
    this.steps = this.reader.read();
    this.want = wantOf(this.steps.next());
    this.missing = amountOf(this.want);
  }

  /** @throws SkiffError BROKEN_TAR; or what the visitor throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const bytes = chunk.subarray(at, at + this.missing);
      at += bytes.length;
      this.missing -= bytes.length;
      if ('pass' in this.want) {
        this.want.to(bytes);
        if (this.missing === 0) this.next(EMPTY);
      } else if (this.missing === 0 && this.partial.length === 0) this.next(bytes);
      else {
        this.partial.push(Buffer.from(bytes));
        if (this.missing === 0) this.next(Buffer.concat(this.partial.splice(0)));
      }
    }
  }

  /** @throws SkiffError BROKEN_TAR where the archive ended too early */
  finish(): void {
    this.reader.checkEnd();
  }

  private next(bytes: Buffer): void {
    this.want = wantOf(this.steps.next(bytes));
    this.missing = amountOf(this.want);
  }
}

/**
 * Go through an open tar from header to header, past all contents.
 *
 * @param found is told of each entry, and where in the file its content begins
 * @throws SkiffError BROKEN_TAR
 */
export async function scanTar(
  handle: fs.promises.FileHandle,
  found: (header: TarHeader, at: number) => void,
): Promise<void> {
  let at = 0;
  const nothing = () => undefined;
  const reader = new TarReader({ entry: header => found(header, at), content: nothing, end: nothing });
  const steps = reader.read();
  let want = wantOf(steps.next());
  while (amountOf(want) !== Infinity) {
    if ('pass' in want) {
      at += want.pass;
      want = wantOf(steps.next(EMPTY));
      continue;
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(want.take), 0, want.take, at);
    at += bytesRead;
    if (bytesRead < want.take) return reader.checkEnd();
    want = wantOf(steps.next(buffer));
  }
}

type Steps = Generator<Want, void, Buffer>;

/** What stands after what in a tar; how its bytes are had is another's business. */
class TarReader {
  private isEnded = false;
  private current: TarHeader | undefined;

  constructor(private readonly visitor: TarVisitor) {}

  /** To be asked where there are no more bytes. */
  checkEnd(): void {
    if (this.isEnded) return;
    if (this.current) throw brokenTar(`tar entry ${quoted(this.current.name)}: Unexpected end of data`);
    throw brokenTar('the archive has no end mark: it is truncated, or no tar');
  }

  *read(): Steps {
    let extensions = { pax: NO_RECORDS, long: {} } as Extensions;
    let global = NO_RECORDS;
    for (;;) {
      const block = yield* this.take(BLOCK);
      if (isZeroBlock(block)) return yield* this.readEnd();
      const type = typeOfBlock(block);
      if ('xLK'.includes(type) || type === 'g') {
        const bytes = yield* this.readExtension(block);
        if (type === 'g') extensions = { ...extensions, pax: (global = parsePax(bytes, global)) };
        else extensions = extend(extensions, type, bytes);
        continue;
      }
      yield* this.readEntry(block, extensions);
      extensions = { pax: global, long: {} };
    }
  }

  private *readExtension(block: Buffer): Generator<Want, Buffer, Buffer> {
    // For its checksum.
    decodeHeader(block, NO_RECORDS, {});
    const size = sizeOfBlock(block);
    if (!(size >= 0 && size <= MAX_EXTENSION)) throw brokenTar(`an extended header has ${size} bytes`);
    return Buffer.from((yield* this.take(padded(size))).subarray(0, size));
  }

  private *readEntry(block: Buffer, { pax, long }: Extensions): Generator<Want, void, Buffer> {
    const header = decodeHeader(block, pax, long);
    this.current = header;
    const padding = padded(header.stored) - header.stored;
    const pieces = (yield* this.readMap(header, block)) ?? [{ offset: 0, length: header.stored }];
    this.visitor.entry(header);
    for (const piece of pieces) yield* this.readPiece(piece);
    this.visitor.end(header);
    if (padding > 0) yield* this.take(padding);
    this.current = undefined;
  }

  /** Blocks of the map are told as raw bytes, as the header is. */
  private *readMap(header: TarHeader, block: Buffer): Generator<Want, SparsePiece[] | undefined, Buffer> {
    const map = sparseMap(header, block);
    let step = map.next();
    while (!step.done) step = map.next(yield* this.take(step.value.take));
    return step.value;
  }

  private *readPiece({ offset, length }: SparsePiece): Generator<Want, void, Buffer> {
    let at = offset;
    if (length === 0) return;
    yield {
      pass: length,
      to: bytes => {
        this.visitor.content(bytes, at);
        at += bytes.length;
      },
    };
  }

  /** One block of zeroes is half of the mark; what follows the mark is filling of any length. */
  private *readEnd(): Generator<Want, void, Buffer> {
    this.isEnded = true;
    const second = yield* this.take(BLOCK);
    if (!isZeroBlock(second)) throw brokenTar('a block of zeroes stands between the entries');
    yield { pass: Infinity, to: bytes => this.visitor.raw?.(bytes) };
  }

  private *take(amount: number): Generator<Want, Buffer, Buffer> {
    if (amount === 0) return EMPTY;
    const bytes: Buffer = yield { take: amount };
    this.visitor.raw?.(bytes);
    return bytes;
  }
}

function wantOf({ value }: IteratorResult<Want, void>): Want {
  if (!value) throw brokenTar('the archive is over');
  return value;
}

const EMPTY = Buffer.alloc(0);

function amountOf(want: Want): number {
  return 'pass' in want ? want.pass : want.take;
}

function extend({ pax, long }: Extensions, type: string, bytes: Buffer): Extensions {
  if (type === 'x') return { pax: parsePax(bytes, pax), long };
  const end = bytes.indexOf(0);
  const text = bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  return { pax, long: { ...long, [type === 'L' ? 'name' : 'linkname']: text } };
}

/** Content is filled up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
