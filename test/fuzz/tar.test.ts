/** The reader of tars: any bytes are refused or read, in bounded time, and however they are cut into chunks. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { tarEntry } from '../../lib/layers/tar-entries';
import { scanTar, TarParser } from '../../lib/layers/tar-parser';
import { END_MARK, fileHeader, filling } from '../../lib/layers/tar-writer';
import { tempDirectory } from '../helpers/temp';
import { damagedBytes, runs, tolerant } from './support';

const directory = tempDirectory();
afterAll(() => directory.remove());

const CHECKSUM_AT = 148;

/** A block, with a checksum that is right: what is behind it is not reached otherwise. */
function header(name: string, size: number, change: (block: Buffer) => void = () => undefined): Buffer {
  const block = fileHeader(name, size, 0);
  change(block);
  block.fill(0x20, CHECKSUM_AT, CHECKSUM_AT + 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  return block;
}

const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  const length = [1, 2, 3, 4]
    .map(digits => rest.length + digits)
    .find((sum, at) => `${sum}`.length === at + 1)!;
  return `${length}${rest}`;
};

function withContent(head: Buffer, content: Buffer): Buffer {
  return Buffer.concat([head, content, filling(content.length)]);
}

function extension(type: string, text: string): Buffer {
  return withContent(
    header('ext', text.length, block => block.write(type, 156, 'latin1')),
    Buffer.from(text, 'latin1'),
  );
}

const number = fc.oneof(
  fc.nat(2000).map(String),
  fc.constantFrom('', '-1', '0.5', '1.5', '1e3', '1e400', 'NaN', 'Infinity', '9007199254740993', '0x10'),
);
const list = fc.array(number, { maxLength: 9 });
const text = fc.string({ maxLength: 30 });
const pax = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constantFrom(
        ...['size', 'uid', 'gid', 'mtime', 'GNU.sparse.size', 'GNU.sparse.realsize', 'GNU.sparse.major'],
        ...['GNU.sparse.offset', 'GNU.sparse.numbytes'],
      ),
      number,
    ),
    fc.tuple(
      fc.constant('GNU.sparse.map'),
      list.map(numbers => numbers.join(',')),
    ),
    fc.tuple(fc.constantFrom('path', 'linkpath', 'GNU.sparse.name', 'SCHILY.xattr.user.x', 'other'), text),
  ),
  { maxLength: 5 },
);
const field = fc.oneof(
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map(bytes => Buffer.from(bytes)),
  fc.nat().map(value => Buffer.from(`${value.toString(8).padStart(11, '0')}\0`)),
);
const content = fc.oneof(
  fc.uint8Array({ maxLength: 1500 }).map(bytes => Buffer.from(bytes)),
  list.map(numbers =>
    Buffer.from(
      numbers
        .map(one => `${one}\n`)
        .join('')
        .padEnd(512, '\0'),
    ),
  ),
);

/** Headers that hold together with what is odd in them. */
const entry = fc
  .record({
    name: text,
    pax,
    type: fc.constantFrom(...'01234567xgLKSXV\0'),
    content,
    at: fc.constantFrom(100, 108, 116, 124, 136, 329, 337, 386, 398, 482, 483),
    field: fc.option(field),
  })
  .map(({ name, pax: records, type, content: bytes, at, field: odd }) =>
    Buffer.concat([
      records.length > 0
        ? extension('x', records.map(([key, value]) => record(key, value)).join(''))
        : END_MARK.subarray(0, 0),
      withContent(
        header(name.slice(0, 90), bytes.length, block => {
          block.write(type, 156, 'latin1');
          if (odd) block.set(odd, at);
        }),
        bytes,
      ),
    ]),
  );
const archive = fc.array(entry, { maxLength: 4 }).map(entries => Buffer.concat([...entries, END_MARK]));

/** All that is told of an archive; what is wrong ends it. */
async function read(bytes: Buffer, chunk: number): Promise<string[]> {
  const told: string[] = [];
  const parser = new TarParser({
    entry: found => {
      const { name, write } = tarEntry(found);
      for (const key of ['uid', 'gid', 'mtime', 'mtimeNsec', 'mode', 'major', 'minor'] as const) {
        expect({ key, isWhole: Number.isSafeInteger(write[key] ?? 0) }).toEqual({ key, isWhole: true });
      }
      told.push(`entry ${name} ${write.kind} ${found.size}`);
    },
    content: (piece, offset) => {
      const last = told.at(-1)!;
      const [, from, length] = /^piece (\d+) (\d+)$/.exec(last) ?? [];
      // One piece in several chunks is one.
      if (from !== undefined && Number(from) + Number(length) === offset)
        told[told.length - 1] = `piece ${from} ${Number(length) + piece.length}`;
      else told.push(`piece ${offset} ${piece.length}`);
    },
    end: found => told.push(`end ${found.name}`),
  });
  await tolerant(() => {
    for (let at = 0; at < bytes.length; at += chunk) parser.push(bytes.subarray(at, at + chunk));
    parser.finish();
    told.push('whole');
  });
  return told;
}

const whole = Buffer.concat([
  withContent(header('a', 700), Buffer.alloc(700, 'a')),
  extension('x', record('path', 'long'.repeat(20)) + record('mtime', '1.5')),
  withContent(header('b', 3), Buffer.from('abc')),
  END_MARK,
]);

test('as it is, it is read', async () => {
  expect(await read(whole, 512)).toEqual([
    ...['entry a file 700', 'piece 0 700', 'end a'],
    ...[`entry ${'long'.repeat(20)} file 3`, 'piece 0 3', `end ${'long'.repeat(20)}`, 'whole'],
  ]);
});

test.each([
  ['damaged bytes', damagedBytes(whole)],
  ['odd headers', archive],
  ['no tar at all', fc.uint8Array({ maxLength: 3000 }).map(bytes => Buffer.from(bytes))],
])('%s: the same, in chunks of any length', async (_, bytes) => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 1500 }), async (given, chunk) => {
      expect(await read(given, chunk)).toEqual(await read(given, Math.max(1, given.length)));
    }),
    runs(1500),
  );
});

test('from header to header: what is there is found, and nothing else', async () => {
  const file = path.join(directory.path, 'tar');
  await fc.assert(
    fc.asyncProperty(fc.oneof(damagedBytes(whole), archive), async bytes => {
      fs.writeFileSync(file, bytes);
      const handle = await fs.promises.open(file);
      try {
        await tolerant(() => scanTar(handle, ({ stored }) => expect(stored).toBeGreaterThanOrEqual(0)));
      } finally {
        await handle.close();
      }
    }),
    runs(500),
  );
});

test('a map of a sparse file that goes on and on is read in time, or refused', async () => {
  const numbers = Buffer.from(`1048576\n${'0\n'.repeat(2 ** 21)}`);
  const maps = [numbers, Buffer.alloc(2 ** 24, '1')];
  for (const map of maps) {
    const padded = Buffer.concat([map, filling(map.length)]);
    const records = [record('GNU.sparse.major', '1'), record('GNU.sparse.realsize', '0')];
    const tar = Buffer.concat([
      extension('x', records.join('')),
      withContent(header('s', padded.length), padded),
      END_MARK,
    ]);
    await read(tar, 65536);
  }
});
