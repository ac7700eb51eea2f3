import { SkiffError } from '../common/errors';
import type { PaxRecords } from './pax';
import { quoted, type ByteName } from './tar-names';

/** A tar is made of blocks of this size, pax(1). */
export const BLOCK = 512;

/** An entry's header with what its extended headers say, from whichever of the formats v7, ustar, GNU and pax. */
export interface TarHeader {
  name: ByteName;
  linkname: ByteName;
  /** The typeflag: `0` is a regular file. */
  type: string;
  /** Bytes of content that follow in the archive; links, directories, devices and FIFOs have none. */
  stored: number;
  /** Bytes of the file itself: more than `stored` where it is sparse. */
  size: number;
  mode: number;
  uid: number;
  gid: number;
  /** Whole seconds since 1970, and nanoseconds after them. */
  mtime: number;
  mtimeNsec: number;
  devmajor: number;
  devminor: number;
  pax: PaxRecords;
}

/** Something is wrong with the archive as such. */
export function brokenTar(reason: string): SkiffError {
  return new SkiffError(reason, { code: 'BROKEN_TAR', step: 'workspace' });
}

/** Typeflags of entries that are headers alone; a size in such a header means nothing, as in Go's archive/tar. */
const HEADER_ONLY = '123456';

const AT = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  linkname: [157, 100],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;
const TYPE_AT = 156;
const MAGIC_AT = 257;

export function isZeroBlock(block: Buffer): boolean {
  return block[0] === 0 && block.equals(ZEROES);
}

const ZEROES = Buffer.alloc(BLOCK);

/** The typeflag of a header block; NUL is a regular file of the format from before POSIX. */
export function typeOfBlock(block: Buffer): string {
  return block[TYPE_AT] === 0 ? '0' : String.fromCharCode(block[TYPE_AT]!);
}

/** What the size field says. */
export function sizeOfBlock(block: Buffer): number {
  return numberAt(block, AT.size, 'size');
}

/**
 * Read a header block.
 *
 * @param pax the extended header in force, its records over those of the archive
 * @param long names of GNU's `L` and `K` entries
 * @throws SkiffError BROKEN_TAR where its checksum is not that of its bytes, or a number is none
 */
export function decodeHeader(
  block: Buffer,
  pax: PaxRecords,
  long: { name?: ByteName; linkname?: ByteName },
): TarHeader {
  checkSum(block);
  const name = textOf(pax, 'path') ?? long.name ?? plainName(block);
  const isOldDirectory = typeOfBlock(block) === '0' && name.endsWith('/');
  const type = isOldDirectory ? '5' : typeOfBlock(block);
  const size = HEADER_ONLY.includes(type) ? 0 : (numberIn(pax, 'size') ?? sizeOfBlock(block));
  if (size < 0 || !Number.isSafeInteger(size))
    throw brokenTar(`tar entry ${quoted(name)} has the size ${size}`);
  return {
    name,
    linkname: textOf(pax, 'linkpath') ?? long.linkname ?? textAt(block, AT.linkname),
    type,
    stored: size,
    size,
    mode: numberAt(block, AT.mode, 'mode') & 0o7777,
    uid: numberIn(pax, 'uid') ?? numberAt(block, AT.uid, 'uid'),
    gid: numberIn(pax, 'gid') ?? numberAt(block, AT.gid, 'gid'),
    ...timeOf(pax, block),
    devmajor: isDevice(type) ? numberAt(block, AT.devmajor, 'devmajor') : 0,
    devminor: isDevice(type) ? numberAt(block, AT.devminor, 'devminor') : 0,
    pax,
  };
}

function isDevice(type: string): boolean {
  return type === '3' || type === '4';
}

/** POSIX's sum is of unsigned bytes; some old archivers took them for signed ones. */
function checkSum(block: Buffer): void {
  const [start, length] = AT.checksum;
  let unsigned = 0x20 * length;
  let negative = 0;
  for (let i = 0; i < BLOCK; i += 1) {
    if (i === start) i += length;
    const byte = block[i]!;
    unsigned += byte;
    if (byte > 127) negative += 256;
  }
  const sum = octalAt(block, AT.checksum);
  if (sum !== unsigned && sum !== unsigned - negative)
    throw brokenTar("broken tar: a header's checksum is wrong: it is damaged, or no tar");
}

/** Only POSIX's own format has a prefix; GNU keeps times at its place. */
function plainName(block: Buffer): ByteName {
  const name = textAt(block, AT.name);
  const isUstar = block.toString('latin1', MAGIC_AT, MAGIC_AT + 6) === 'ustar\0';
  const prefix = isUstar ? textAt(block, AT.prefix) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(block: Buffer, [start, length]: readonly [number, number]): ByteName {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
}

/**
 * A number field: octal digits between blanks, or GNU's base 256, marked by the first byte's top bit and signed.
 *
 * @throws SkiffError BROKEN_TAR
 */
export function numberAt(block: Buffer, field: readonly [number, number], name: string): number {
  const [start, length] = field;
  const value = block[start]! >= 0x80 ? base256(block, start, length) : octalAt(block, field);
  if (value === undefined) throw brokenTar(`broken tar: ${name} of a header is no number`);
  return value;
}

/** @returns undefined where it is no number; an empty field is 0 */
function octalAt(block: Buffer, [start, length]: readonly [number, number]): number | undefined {
  let value = 0;
  let at = start;
  const end = start + length;
  while (at < end && block[at] === 0x20) at += 1;
  for (; at < end; at += 1) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  return at === end || block[at] === 0 || block[at] === 0x20 ? value : undefined;
}

function base256(block: Buffer, start: number, length: number): number {
  const isNegative = block[start] === 0xff;
  let value = isNegative ? -1 : block[start]! & 0x7f;
  for (let at = start + 1; at < start + length; at += 1) value = value * 256 + block[at]!;
  return value;
}

function textOf(pax: PaxRecords, key: string): ByteName | undefined {
  return pax.size === 0 ? undefined : pax.get(key)?.toString('latin1');
}

/** A number of a pax record, which has no limits of size and may have fractions; undefined where it is none. */
export function numberIn(pax: PaxRecords, key: string): number | undefined {
  const text = textOf(pax, key);
  const value = text === undefined || text === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The modification time; extended headers have it with decimals, `1700000000.123456789`. */
function timeOf(pax: PaxRecords, block: Buffer): Pick<TarHeader, 'mtime' | 'mtimeNsec'> {
  const text = textOf(pax, 'mtime');
  const [, sign, whole, decimals = ''] = (text && /^(-?)(\d+)(?:\.(\d*))?$/.exec(text)) || [];
  if (whole === undefined) return { mtime: numberAt(block, AT.mtime, 'mtime'), mtimeNsec: 0 };
  const nsec = Number(decimals.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { mtime: Number(whole), mtimeNsec: nsec };
  return nsec === 0
    ? { mtime: -Number(whole), mtimeNsec: 0 }
    : { mtime: -Number(whole) - 1, mtimeNsec: 1e9 - nsec };
}
