import type { PaxRecords } from './pax';
import { BLOCK, brokenTar, numberAt, numberIn, type TarHeader } from './tar-header';
import { quoted } from './tar-names';

/** A run of bytes that a sparse file has; what lies between them is zeroes. */
export interface SparsePiece {
  offset: number;
  length: number;
}

/** Where GNU's own header has the map of a sparse file: pieces of 24 bytes, then whether more blocks of them follow. */
const OLD_HEADER = { at: 386, pieces: 4, extended: 482, size: [483, 12] } as const;
const OLD_BLOCK = { at: 0, pieces: 21, extended: 504 } as const;
const NUMBER = 12;
/** Pieces that are read into memory at most: a file of a gigabyte with a hole in every other block has 131,072. */
const MAX_PIECES = 1 << 20;

/** Digits of a number of 64 bits: what is longer is none, and would have to be kept. */
const LONGEST_NUMBER = 20;

/** The formats are told in GNU tar's manual, "Storing Sparse Files" and "PAX Format". */
type Blocks = Generator<{ take: number }, SparsePiece[], Buffer>;

/**
 * Read the map of a sparse file, which may go on in blocks behind its header. The header is changed to say the file's
 * own name and size, and what of it is still to come in the archive.
 *
 * @returns undefined where the file is not sparse
 */
export function* sparseMap(
  header: TarHeader,
  block: Buffer,
): Generator<{ take: number }, SparsePiece[] | undefined, Buffer> {
  const { pax } = header;
  if (header.type === 'S') return checked(header, yield* oldMap(header, block));
  if (pax.size === 0 || ![...pax.keys()].some(key => key.startsWith('GNU.sparse.'))) return undefined;
  header.name = pax.get('GNU.sparse.name')?.toString('latin1') ?? header.name;
  header.size = numberIn(pax, 'GNU.sparse.realsize') ?? numberIn(pax, 'GNU.sparse.size') ?? header.size;
  const isNewest = numberIn(pax, 'GNU.sparse.major') === 1;
  return checked(header, isNewest ? yield* mapInContent(header) : mapInRecords(pax));
}

function* oldMap(header: TarHeader, block: Buffer): Blocks {
  header.size = numberAt(block, OLD_HEADER.size, 'real size');
  header.type = '0';
  const pieces = piecesAt(block, OLD_HEADER);
  let isExtended = block[OLD_HEADER.extended] !== 0;
  while (isExtended) {
    const more = yield { take: BLOCK };
    pieces.push(...piecesAt(more, OLD_BLOCK));
    isExtended = more[OLD_BLOCK.extended] !== 0;
    if (pieces.length > MAX_PIECES) throw tooMany(header);
  }
  return pieces;
}

function piecesAt(block: Buffer, { at, pieces }: { at: number; pieces: number }): SparsePiece[] {
  return Array.from({ length: pieces }, (_, i) => at + i * 2 * NUMBER)
    .filter(start => block[start] !== 0)
    .map(start => ({
      offset: numberAt(block, [start, NUMBER], 'sparse offset'),
      length: numberAt(block, [start + NUMBER, NUMBER], 'sparse length'),
    }));
}

/** Version 1.0: decimal numbers, a line each, at the start of the content, filled up to whole blocks. */
function* mapInContent(header: TarHeader): Blocks {
  let text = '';
  const numbers: number[] = [];
  do {
    // Behind the map's end the rest of its block is filling.
    if (text.length > LONGEST_NUMBER) throw wrongMap(header);
    if (header.stored < BLOCK)
      throw brokenTar(`tar entry ${quoted(header.name)} has a sparse map without an end`);
    header.stored -= BLOCK;
    text += (yield { take: BLOCK }).toString('latin1');
    const lines = text.split('\n');
    text = lines.pop()!;
    numbers.push(...lines.map(Number));
    if (numbers[0]! > MAX_PIECES) throw tooMany(header);
  } while (numbers.length < 1 || numbers.length < 1 + 2 * numbers[0]!);
  return pairs(numbers.slice(1, 1 + 2 * numbers[0]!));
}

/** Versions 0.0 and 0.1; the records of 0.0 were gathered under the name of 0.1's. */
function mapInRecords(pax: PaxRecords): SparsePiece[] {
  const text = pax.get('GNU.sparse.map')?.toString('latin1') ?? '';
  return pairs(text === '' ? [] : text.split(',').map(Number));
}

function pairs(numbers: number[]): SparsePiece[] {
  return Array.from({ length: numbers.length >> 1 }, (_, i) => ({
    offset: numbers[2 * i]!,
    length: numbers[2 * i + 1]!,
  }));
}

/** Whole numbers, in order, inside of the file, and together what the archive holds of it. */
function checked(header: TarHeader, pieces: SparsePiece[]): SparsePiece[] {
  if (!(Number.isSafeInteger(header.size) && header.size >= 0)) throw wrongMap(header);
  let end = 0;
  let total = 0;
  for (const { offset, length } of pieces) {
    const isWhole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (!(isWhole && offset >= end && length >= 0 && offset + length <= header.size)) throw wrongMap(header);
    end = offset + length;
    total += length;
  }
  if (total !== header.stored) throw wrongMap(header);
  return pieces;
}

function wrongMap({ name }: TarHeader) {
  return brokenTar(`tar entry ${quoted(name)} has a sparse map that does not fit its content`);
}

function tooMany({ name }: TarHeader) {
  return brokenTar(`tar entry ${quoted(name)} has more than ${MAX_PIECES} sparse pieces`);
}
