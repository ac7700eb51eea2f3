import { lineBlocks } from '../common/line-blocks';
import { RotatedFiles } from '../common/rotated-files';
import { toMilliseconds } from '../common/time';
import { LineFilter } from './filter';
import { tailOf, type LogEntry, type LogOptions, type LogStream } from './options';
import { LogScanner, TIME } from './scanner';
import { findTail } from './tail';

/** A line of more bytes is told in several entries. */
const LONGEST = 1 << 20;

/**
 * Read a container's log, line by line.
 *
 * @param directory the container's, with its `log`
 * @param isOver the container has ended, so that following it comes to an end
 * @throws SkiffError ABORT_ERR, INVALID_ARGUMENT
 */
export async function* readLogs(
  directory: string,
  options: LogOptions,
  isOver: () => Promise<boolean>,
): AsyncGenerator<LogEntry, void, undefined> {
  const files = new RotatedFiles(directory, 'log');
  const joiner = new EntryJoiner(new LineFilter(options));
  const start = findTail(files, tailOf(options));
  const until = options.until === undefined ? undefined : toMilliseconds(options.until);
  for await (const block of lineBlocks(files, start, { ...options, until, isOver })) {
    yield* block.length > 0 ? joiner.add(block) : joiner.rest();
  }
}

interface OpenLine {
  timeNano: bigint;
  parts: Buffer[];
  size: number;
}

/** Puts the parts of a line together again. */
class EntryJoiner {
  private readonly scanner = new LogScanner();
  private readonly clock = new Clock();
  private readonly open = new Map<LogStream, OpenLine>();

  constructor(private readonly filter: LineFilter) {}

  *add(block: Buffer): Generator<LogEntry, void, undefined> {
    const { scanner, filter } = this;
    scanner.scan(block);
    while (scanner.next()) {
      if (!filter.takes(block, scanner)) continue;
      const stream = scanner.isStdout ? 'stdout' : 'stderr';
      const line = this.open.get(stream) ?? {
        timeNano: this.clock.read(block, scanner.start),
        parts: [],
        size: 0,
      };
      // A copy: the block is read into again.
      line.parts.push(Buffer.from(block.subarray(scanner.text, scanner.end)));
      line.size += scanner.end - scanner.text;
      if (scanner.isPartial && line.size < LONGEST) this.open.set(stream, line);
      else yield this.finish(stream, line, scanner.isPartial);
    }
  }

  /** The beginnings of lines that there is no more of. */
  *rest(): Generator<LogEntry, void, undefined> {
    for (const [stream, line] of this.open) yield this.finish(stream, line, true);
  }

  private finish(stream: LogStream, { timeNano, parts }: OpenLine, partial: boolean): LogEntry {
    this.open.delete(stream);
    const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return { time: new Date(Number(timeNano / 1_000_000n)), timeNano, stream, data, partial };
  }
}

/** Reads times; most are of the same second as the one before. */
class Clock {
  private second = '';
  private secondNano = 0n;

  read(block: Buffer, at: number): bigint {
    const second = block.toString('latin1', at, at + 19);
    if (second !== this.second) {
      const ms = Date.parse(`${second}Z`);
      this.second = second;
      // The 61st second of a minute is no time of JavaScript's.
      this.secondNano = BigInt(Number.isNaN(ms) ? 0 : ms) * 1_000_000n;
    }
    return this.secondNano + BigInt(Number(block.toString('latin1', at + 20, at + TIME - 1)) || 0);
  }
}
