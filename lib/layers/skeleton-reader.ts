import fs from 'node:fs';
import { createGunzip } from 'node:zlib';
import { LENGTH_BYTES, NO_PIECE, PLACE_BYTES, type SkeletonRecord } from './skeleton';

const CHUNK = 256 << 10;

/** The records of a skeleton, some at a time. */
export async function* readSkeleton(file: string): AsyncGenerator<SkeletonRecord[]> {
  const source = fs.createReadStream(file, { highWaterMark: CHUNK });
  const gunzip = createGunzip({ chunkSize: CHUNK });
  source.on('error', error => gunzip.destroy(error));
  source.pipe(gunzip);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const { records, end } = parseRecords(bytes);
      rest = bytes.subarray(end);
      yield records;
    }
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** All whole records, and where the last of them ends. */
function parseRecords(bytes: Buffer): { records: SkeletonRecord[]; end: number } {
  const records: SkeletonRecord[] = [];
  let end = 0;
  for (;;) {
    if (bytes.length < end + LENGTH_BYTES) break;
    const rawAt = end + LENGTH_BYTES;
    const nameLengthAt = rawAt + bytes.readUInt32LE(end);
    const nameAt = nameLengthAt + LENGTH_BYTES;
    if (bytes.length < nameAt) break;
    const raw = bytes.subarray(rawAt, nameLengthAt);
    const nameLength = bytes.readUInt32LE(nameLengthAt);
    if (nameLength === NO_PIECE) {
      records.push({ raw });
      end = nameAt;
      continue;
    }
    const offsetAt = nameAt + nameLength;
    const lengthAt = offsetAt + PLACE_BYTES;
    if (bytes.length < lengthAt + PLACE_BYTES) break;
    const name = bytes.subarray(nameAt, offsetAt);
    const offset = bytes.readUIntLE(offsetAt, PLACE_BYTES);
    records.push({ raw, piece: { name, offset, length: bytes.readUIntLE(lengthAt, PLACE_BYTES) } });
    end = lengthAt + PLACE_BYTES;
  }
  return { records, end };
}
