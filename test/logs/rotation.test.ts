import fs from 'node:fs';
import path from 'node:path';
import { lineBlocks } from '../../lib/common/line-blocks';
import { RotatedFiles, type SeriesFile } from '../../lib/common/rotated-files';
import { useLog } from './support';

const log = useLog();

const write = (name: string, text: string) => log.write(name, Buffer.from(text));
const move = (from: string, to: string) => fs.renameSync(path.join(log.path, from), path.join(log.path, to));

/** What is read from the beginning on, to what is there now. */
async function read(files: RotatedFiles): Promise<string> {
  let text = '';
  for await (const block of lineBlocks(files, undefined, { follow: true, isOver: async () => true })) {
    text += block.toString();
  }
  return text;
}

/** A writer that does something just when the reader has come to the end of a file and looks for the next. */
class Racing extends RotatedFiles {
  constructor(private readonly moments: (() => void)[]) {
    super(log.path, 'log');
  }

  override next(file: SeriesFile): SeriesFile | undefined {
    this.moments.shift()?.();
    return super.next(file);
  }
}

test('what is written between the end of a file and its renaming is read', async () => {
  write('log', 'a\n');
  const rename = () => {
    write('log', 'b\n');
    move('log', 'log.1');
    write('log', 'c\n');
  };
  expect(await read(new Racing([rename]))).toBe('a\nb\nc\n');
});

test('several renamings at that moment are followed one after the other', async () => {
  write('log', 'a\n');
  const renameTwice = () => {
    move('log', 'log.1');
    write('log', 'b\n');
    move('log.1', 'log.2');
    move('log', 'log.1');
    write('log', 'c\n');
  };
  expect(await read(new Racing([renameTwice]))).toBe('a\nb\nc\n');
});

test('a renaming that stands half-way hides no file', async () => {
  write('log.3', 'a\n');
  write('log.1', 'b\n');
  const goOn = () => {
    move('log.1', 'log.2');
    write('log.1', 'c\n');
    write('log', 'd\n');
  };
  expect(await read(new Racing([goOn]))).toBe('a\nb\nc\nd\n');
});

test('a writer that was killed half-way leaves a gap, and no log that grows', async () => {
  write('log.4', 'a\n');
  write('log.2', 'b\n');
  expect(await read(new RotatedFiles(log.path, 'log'))).toBe('a\nb\n');
});

test('where the file is deleted meanwhile, it goes on with the oldest that is left', async () => {
  write('log', 'a\n');
  const replace = () => {
    write('log', 'b\n');
    move('log', 'log.1');
    write('log.2', 'd\n');
    write('log.1.new', 'e\n');
    move('log.1.new', 'log.1');
    write('log', 'f\n');
  };
  expect(await read(new Racing([replace]))).toBe('a\nb\nd\ne\nf\n');
});

test('neighbours are those of the file, whatever it is called by now', () => {
  write('log.2', 'a\n');
  write('log.1', 'b\n');
  write('log', 'c\n');
  const files = new RotatedFiles(log.path, 'log');
  const youngest = files.youngest()!;
  move('log.2', 'log.3');
  move('log.1', 'log.2');
  move('log', 'log.1');
  const open = [youngest];
  for (let file = files.previous(youngest); file; file = files.previous(file)) open.push(file);
  const text = open.map(({ fd }) => fs.readFileSync(fd, 'utf8'));
  for (const { fd } of open) fs.closeSync(fd);
  expect(text).toEqual(['c\n', 'b\n', 'a\n']);
});
