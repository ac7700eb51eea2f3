import type { Extract } from 'tar-stream';
import { SkiffError } from '../common/errors';

/** The records of an entry's extended header, pax(1): values are bytes. */
export type PaxRecords = Map<string, Buffer>;

/** An entry's header as tar-stream gives it; more can be missing than its types admit. */
export interface PaxHeaders {
  name: string;
  linkname?: string | null;
  type?: string | null;
  size?: number;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: Date;
  devmajor?: number;
  devminor?: number;
  pax?: Record<string, string> | null;
}

/** The inside of tar-stream's Extract that decodes extended headers. */
interface ExtractInside {
  _decodeLongHeader?: (bytes: Buffer) => void;
  _header?: { type?: string | null } | null;
  _pax?: Record<string, string> | null;
}

/**
 * Keep the bytes of extended headers: tar-stream decodes them as UTF-8, which destroys file capabilities
 * (`SCHILY.xattr.security.capability` is binary) and names that are not UTF-8.
 *
 * @returns a function that gives an entry's records
 */
export function keepPaxBytes(extract: Extract): (header: PaxHeaders) => PaxRecords {
  const inside = extract as unknown as ExtractInside;
  const decode = inside._decodeLongHeader;
  const raw = new WeakMap<object, PaxRecords>();
  if (decode !== undefined) {
    inside._decodeLongHeader = bytes => {
      decode.call(extract, bytes);
      if (inside._header?.type === 'pax-header' && inside._pax) raw.set(inside._pax, parsePax(bytes));
    };
  }
  return header => (header.pax ? (raw.get(header.pax) ?? textRecords(header)) : new Map());
}

/** `LENGTH KEY=VALUE\n` after one another; the length counts the whole record. */
export function parsePax(bytes: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length - 1;
    // Zeroes fill the header up to its block.
    if (!Number.isSafeInteger(length) || equals < 0 || equals > end || end >= bytes.length) break;
    records.set(bytes.toString('utf8', space + 1, equals), Buffer.from(bytes.subarray(equals + 1, end)));
    at = end + 1;
  }
  return records;
}

/** Where a version of tar-stream has another inside: its text, as far as that is exact. */
function textRecords(header: PaxHeaders): PaxRecords {
  return new Map(
    Object.entries(header.pax ?? {}).map(([key, value]) => {
      if (value.includes('\ufffd'))
        throw new SkiffError(`tar entry '${header.name}' has bytes in ${key} that can not be read exactly`, {
          code: 'BROKEN_TAR',
        });
      return [key, Buffer.from(value, 'utf8')];
    }),
  );
}
