/**
 * One line of a container's log, in the format of Kubernetes' container runtime interface:
 *
 *     2026-11-25T02:46:11.123456789Z stdout F text
 *
 * that is a time in UTC with nine digits, the stream, `F` or, where the text goes on in the stream's next line, `P`; then
 * the text, any bytes but a newline. All before the text is 40 bytes long, which is checked as ten little-endian words.
 */
export const HEADER = 40;
/** `2026-11-25T02:46:11.123456789Z` */
export const TIME = 30;

const NEWLINE = 10;
const STREAMS = [' stdout ', ' stderr '];
/** Shorter texts are looked through here; for longer ones a call of indexOf pays. */
const SHORT = 48;

/** Four bytes as the words of a header are compared. */
interface Pattern {
  mask: number;
  value: number;
}

const DIGITS = pattern('0000');
const MONTH = pattern('-00-');
const DAY = pattern('00T0');
const HOUR = pattern('0:00');
const SECOND = pattern(':00.');
const ZONE = pattern('0Z s');
const TDOU = pattern('tdou').value;
const TDER = pattern('tder').value;
const OUT_FULL = pattern('t F ').value;
const ERR_FULL = pattern('r F ').value;
const FULL_TO_PARTIAL = OUT_FULL ^ pattern('t P ').value;

/**
 * Finds the lines in a block of whole lines, and tells of each by its fields, which are those of the last `next()`. What
 * is no line, torn by a power cut or full of NULs, is passed over; a whole line behind such bytes is found all the same.
 * Nothing is allocated for a line: there are tens of millions in a large log.
 */
export class LogScanner {
  /** Of the line: its time begins here. */
  start = 0;
  /** The text begins here ... */
  text = 0;
  /** ... and its newline is here. */
  end = 0;
  isStdout = true;
  isPartial = false;
  private block: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;

  /** @param block ends in a newline, or is empty */
  scan(block: Buffer): void {
    this.block = block;
    this.view = new DataView(block.buffer, block.byteOffset, block.length);
    this.at = 0;
  }

  /** To the next line; false where there is none in this block. */
  next(): boolean {
    const { block } = this;
    while (this.at < block.length) {
      const from = this.at;
      const isWhole = this.readHeader(from);
      const end = this.newlineFrom(isWhole ? this.text : from);
      this.at = end + 1;
      if (isWhole || this.findHeader(from, end)) {
        this.end = end;
        return true;
      }
    }
    return false;
  }

  private newlineFrom(from: number): number {
    const { block } = this;
    const near = Math.min(from + SHORT, block.length);
    for (let at = from; at < near; at += 1) if (block[at] === NEWLINE) return at;
    const end = block.indexOf(NEWLINE, near);
    return end === -1 ? block.length : end;
  }

  private readHeader(at: number): boolean {
    const { view } = this;
    if (at + HEADER > view.byteLength) return false;
    const stream = view.getInt32(at + 32, true);
    const tag = view.getInt32(at + 36, true);
    const isStdout = stream === TDOU;
    const ending = tag ^ (isStdout ? OUT_FULL : ERR_FULL);
    const isHeader =
      (isStdout || stream === TDER) &&
      (ending === 0 || ending === FULL_TO_PARTIAL) &&
      matches(view.getInt32(at, true), DIGITS) &&
      matches(view.getInt32(at + 4, true), MONTH) &&
      matches(view.getInt32(at + 8, true), DAY) &&
      matches(view.getInt32(at + 12, true), HOUR) &&
      matches(view.getInt32(at + 16, true), SECOND) &&
      matches(view.getInt32(at + 20, true), DIGITS) &&
      matches(view.getInt32(at + 24, true), DIGITS) &&
      matches(view.getInt32(at + 28, true), ZONE);
    if (!isHeader) return false;
    this.start = at;
    this.text = at + HEADER;
    this.isStdout = isStdout;
    this.isPartial = ending !== 0;
    return true;
  }

  /** The first header behind damage, within one line. */
  private findHeader(from: number, end: number): boolean {
    const damaged = this.block.subarray(from, end);
    const starts = STREAMS.flatMap(stream => occurrences(damaged, stream))
      .map(at => from + at - TIME)
      .filter(at => at > from)
      .sort((one, other) => one - other);
    return starts.some(start => this.readHeader(start));
  }
}

function matches(word: number, { mask, value }: Pattern): boolean {
  return (word & mask) === value;
}

/** A digit's upper half-byte is 3; that the characters behind 9 have it too makes no difference here. */
function pattern(text: string): Pattern {
  const bytes = Buffer.from(text);
  const masks = Buffer.from(bytes.map(byte => (byte === 0x30 ? 0xf0 : 0xff)));
  return { mask: masks.readInt32LE(), value: bytes.readInt32LE() };
}

function occurrences(bytes: Buffer, text: string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) found.push(at);
  return found;
}
