/** The records of an entry's extended header, pax(1): values are bytes. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Where no extended header is in force. */
export const NO_RECORDS: PaxRecords = new Map();

/** Of GNU's first sparse format, which repeats them for each piece of the file. */
const SPARSE_PIECE = new Set(['GNU.sparse.offset', 'GNU.sparse.numbytes']);
const SPARSE_MAP = 'GNU.sparse.map';

/**
 * `LENGTH KEY=VALUE\n` after one another; the length counts the whole record. Values keep their bytes: file
 * capabilities (`SCHILY.xattr.security.capability`) and names need not be UTF-8.
 *
 * @param before records that go on to be in force; an empty value takes one of them away
 */
export function parsePax(bytes: Buffer, before: PaxRecords = NO_RECORDS): PaxRecords {
  const records = new Map(before);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length - 1;
    // Zeroes fill the header up to its block.
    if (!Number.isSafeInteger(length) || equals < 0 || equals > end || end >= bytes.length) break;
    const key = bytes.toString('utf8', space + 1, equals);
    const value = bytes.subarray(equals + 1, end);
    if (SPARSE_PIECE.has(key)) pieces.push(value);
    else if (value.length === 0) records.delete(key);
    else records.set(key, value);
    at = end + 1;
  }
  if (pieces.length > 0)
    records.set(SPARSE_MAP, Buffer.from(pieces.map(piece => piece.toString('latin1')).join(',')));
  return records;
}
