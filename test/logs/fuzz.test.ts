import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { readLogs, readLogText } from '../../lib/logs';
import { line, useLog } from './support';

const log = useLog();
const settings = { numRuns: 300 };

const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array));
const text = bytes.map(found => Buffer.from(found.filter(byte => byte !== 10)));
const whole = fc
  .tuple(text, fc.constantFrom('stdout' as const, 'stderr' as const), fc.constantFrom('F', 'P'), fc.nat(3599))
  .map(([data, stream, tag, second]) => line(data, stream, tag, second));
/** The beginning of a line, and one whose middle is gone. */
const torn = fc
  .tuple(whole, fc.nat(60), fc.nat(60))
  .map(([found, from, length]) =>
    Buffer.concat([found.subarray(0, from), found.subarray(from + length + 1)]),
  );
/** Damage that ends in a newline can take no whole line with it; nor can NULs. */
const damage = fc.oneof(
  fc.oneof(torn, bytes).map(found => Buffer.concat([found, Buffer.from('\n')])),
  fc.nat(5000).map(length => Buffer.alloc(length)),
);

async function read(pieces: Buffer[], options: object): Promise<{ data: string; entries: string[] }> {
  fs.writeFileSync(path.join(log.path, 'log'), Buffer.concat(pieces));
  const data: string[] = [];
  for await (const parts of readLogText(log.path, options, async () => true)) {
    for (const part of parts) data.push(part.data.toString('latin1'));
  }
  const entries: string[] = [];
  for await (const entry of readLogs(log.path, options, async () => true)) {
    entries.push(`${entry.data.toString('latin1')}${entry.partial ? '' : '\n'}`);
  }
  return { data: data.join(''), entries };
}

const options = fc.record(
  { tail: fc.nat(20), timestamps: fc.boolean(), since: fc.constantFrom('0', '2021-11-25T02:30:00Z') },
  { requiredKeys: [] },
);

test('no bytes whatever make the reader fail', async () => {
  const any = fc.array(fc.oneof(bytes, whole, torn, damage), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(any, options, async (pieces, chosen) => {
      await read(pieces, chosen);
    }),
    settings,
  );
});

test('no whole line is lost, whatever stands between them', async () => {
  const pieces = fc.array(fc.record({ before: fc.option(damage), line: whole }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, async found => {
      const { data, entries } = await read(
        found.flatMap(({ before, line: kept }) => (before ? [before, kept] : [kept])),
        {},
      );
      let at = 0;
      for (const { line: kept } of found) {
        const expected = kept.subarray(40, -1).toString('latin1');
        at = data.indexOf(expected, at);
        expect(at).not.toBe(-1);
        at += expected.length;
      }
      const ofBoth = entries.join('').length;
      expect(ofBoth).toBe(data.length);
    }),
    settings,
  );
});
