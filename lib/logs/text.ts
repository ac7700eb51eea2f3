import { BLOCK, lineBlocks } from '../common/line-blocks';
import { RotatedFiles } from '../common/rotated-files';
import { toMilliseconds } from '../common/time';
import { LineFilter } from './filter';
import { tailOf, type LogOptions, type LogStream } from './options';
import { LogScanner, TIME } from './scanner';
import { findTail } from './tail';

/** A part of what the container wrote. */
export interface LogText {
  stream: LogStream;
  /** Valid until the next parts are asked for. */
  data: Buffer;
}

/** The same as text, as `skiff logs` prints it. */
export interface LogTextOptions extends LogOptions {
  /** Each line begins with its time, RFC 3339 with nine digits, and a blank. */
  timestamps?: boolean;
}

/** Shorter texts are copied here; for longer ones a call of set pays. */
const SHORT = 48;
const NEWLINE = 10;

/**
 * What a container wrote, as it wrote it, in as few parts as the change of streams allows.
 *
 * @param directory the container's, with its `log`
 * @param isOver the container has ended, so that following it comes to an end
 */
export async function* readLogText(
  directory: string,
  options: LogTextOptions,
  isOver: () => Promise<boolean>,
): AsyncGenerator<LogText[], void, undefined> {
  const files = new RotatedFiles(directory, 'log');
  const writer = new TextWriter(new LineFilter(options), options.timestamps ?? false);
  const start = findTail(files, tailOf(options));
  const until = options.until === undefined ? undefined : toMilliseconds(options.until);
  for await (const block of lineBlocks(files, start, { ...options, until, isOver })) {
    const parts = writer.write(block);
    if (parts.length > 0) yield parts;
  }
}

/** Takes the lines' heads away. What is left is no longer than the lines, so one buffer does for all blocks. */
class TextWriter {
  private readonly out = Buffer.allocUnsafeSlow(BLOCK);
  private readonly scanner = new LogScanner();
  private readonly open = { stdout: false, stderr: false };
  private filled = 0;

  constructor(
    private readonly filter: LineFilter,
    private readonly timestamps: boolean,
  ) {}

  write(block: Buffer): LogText[] {
    const { scanner, filter, out } = this;
    const parts: LogText[] = [];
    const takesAll = filter.takesAll;
    let isStdout = true;
    let from = (this.filled = 0);
    const finish = () => {
      if (this.filled > from) {
        parts.push({ stream: isStdout ? 'stdout' : 'stderr', data: out.subarray(from, this.filled) });
      }
      from = this.filled;
    };
    scanner.scan(block);
    while (scanner.next()) {
      if (!takesAll && !filter.takes(block, scanner)) continue;
      if (scanner.isStdout !== isStdout) finish();
      ({ isStdout } = scanner);
      if (this.timestamps) this.addTime(block);
      this.add(block, scanner.text, scanner.end);
      if (!scanner.isPartial) out[this.filled++] = NEWLINE;
    }
    finish();
    return parts;
  }

  private addTime(block: Buffer): void {
    const { start, isStdout, isPartial } = this.scanner;
    const stream = isStdout ? 'stdout' : 'stderr';
    if (!this.open[stream]) this.add(block, start, start + TIME + 1);
    this.open[stream] = isPartial;
  }

  private add(block: Buffer, from: number, to: number): void {
    const { out } = this;
    const at = this.filled;
    if (to - from > SHORT) out.set(block.subarray(from, to), at);
    else for (let index = from; index < to; index += 1) out[at + index - from] = block[index]!;
    this.filled = at + to - from;
  }
}
