import fs from 'node:fs';
import { BLOCK, type Position } from '../common/line-blocks';
import type { RotatedFiles, SeriesFile } from '../common/rotated-files';
import { LogScanner } from './scanner';

const NEWLINE = 10;

/**
 * Where the last lines of a log begin, found from its end. A line that is written in parts is one; where lines of both
 * streams are written in turns the first of them may have begun before.
 *
 * @param lines at least 0; infinite for all
 * @returns undefined where there is no log
 */
export function findTail(files: RotatedFiles, lines: number): Position | undefined {
  if (lines === Infinity) {
    const file = files.oldest();
    return file && { file, offset: 0 };
  }
  const counter = new TailCounter(lines);
  let file = files.youngest();
  while (file) {
    const offset = counter.find(file);
    if (offset !== undefined) return { file, offset };
    const previous = files.previous(file);
    if (!previous) return { file, offset: 0 };
    fs.closeSync(file.fd);
    file = previous;
  }
  return undefined;
}

/** Counts lines backwards, one block after the other. */
class TailCounter {
  private readonly buffer = Buffer.allocUnsafeSlow(BLOCK);
  private readonly scanner = new LogScanner();
  /** Ends of lines still to be passed: the lines' own, and that of the line before them. */
  private left: number;
  private isLast = true;

  constructor(lines: number) {
    this.left = lines + 1;
  }

  /** @returns where the lines begin; undefined where not all of them are in this file */
  find(file: SeriesFile): number | undefined {
    let end = fs.fstatSync(file.fd).size;
    while (end > 0) {
      const from = Math.max(0, end - BLOCK);
      const block = this.readLines(file, from, end);
      const offset = this.count(block.lines);
      if (offset !== undefined) return block.at + offset;
      end = block.at;
    }
    return undefined;
  }

  /** The whole lines between two places; of a single one that is longer than a block, what is there of it. */
  private readLines(file: SeriesFile, from: number, end: number): { at: number; lines: Buffer } {
    const bytes = this.buffer.subarray(0, fs.readSync(file.fd, this.buffer, 0, end - from, from));
    const ending = bytes.lastIndexOf(NEWLINE) + 1;
    const first = from === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
    const skipped = first >= ending ? 0 : first;
    return { at: from + skipped, lines: bytes.subarray(skipped, ending) };
  }

  private count(lines: Buffer): number | undefined {
    const ends: number[] = [];
    const { scanner } = this;
    scanner.scan(lines);
    let isPartial = false;
    let last = 0;
    while (scanner.next()) {
      ({ isPartial } = scanner);
      last = scanner.end + 1;
      if (!isPartial) ends.push(last);
    }
    // The log ends within a line, which is one of those asked for.
    if (this.isLast && isPartial) ends.push(last);
    if (last > 0) this.isLast = false;
    if (ends.length >= this.left) return ends[ends.length - this.left];
    this.left -= ends.length;
    return undefined;
  }
}
