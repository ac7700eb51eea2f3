/**
 * A tar of very many entries, one in ten a directory, made while it is read: the memory that it takes is bounded, whatever
 * their number. SKIFF_ENTRIES sets it; 10,000,000 take some minutes and as many inodes.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { fileHeader } from '../../lib/layers/tar-writer';
import { start } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { imagesLeft, skiff } from './support';

const ENTRIES = Number(process.env.SKIFF_ENTRIES ?? 60_000);
/** `load` keeps a list of an archive's files. */
const MORE_THAN_LOAD_TAKES = 120_000;
const TIMEOUT_MS = 120_000 + ENTRIES / 5;
/** Beyond what an import of a few entries takes: 35 MiB for 60,000 entries, 44 for 10,000,000. */
const MAX_MORE_KIB = 48 << 10;
const BLOCK = 512;
const BLOCKS = 2048;
const TYPE_AT = 156;
const MODE_AT = 100;
const CHECKSUM_AT = 148;

/** Directories of nine files each. */
function writeEntry(into: Buffer, at: number, number: number): void {
  const directory = `d/${Math.floor(number / 100_000)}/${Math.floor(number / 10)}`;
  const isDirectory = number % 10 === 0;
  const header = fileHeader(isDirectory ? `${directory}/` : `${directory}/${number}`, 0, 1_600_000_000);
  if (isDirectory) {
    header.write('0000751\0', MODE_AT, 'latin1');
    header.write('5', TYPE_AT, 'latin1');
    header.fill(0x20, CHECKSUM_AT, CHECKSUM_AT + 8);
    let sum = 0;
    for (const byte of header) sum += byte;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  }
  header.copy(into, at * BLOCK);
}

async function writeTar(to: Writable, entries: number): Promise<void> {
  const closed = once(to, 'close');
  for (let number = 0; number < entries && to.writable; number += BLOCKS) {
    const count = Math.min(BLOCKS, entries - number);
    const bytes = Buffer.alloc(count * BLOCK);
    for (let at = 0; at < count; at += 1) writeEntry(bytes, at, number + at);
    if (!to.write(bytes)) await Promise.race([new Promise(done => to.once('drain', done)), closed]);
  }
  to.end(Buffer.alloc(2 * BLOCK));
}

/** What a process had in memory at most so far, in KiB. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    // It has ended.
    return 0;
  }
}

interface Taken {
  code: number | null;
  id: string;
  stderr: string;
  peak: number;
}

async function fed(args: string[], root: string, entries: number): Promise<Taken> {
  const child = start(args, { root });
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, peakOf(child.pid!))), 5);
  let id = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (id += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close');
  await writeTar(child.stdin, entries);
  const [code] = (await ended) as [number | null];
  clearInterval(timer);
  return { code, id: id.trim(), stderr, peak };
}

test(
  `${ENTRIES} entries are imported in bounded memory, every one of them`,
  async () => {
    const root = tempRoot();
    const few = await fed(['import', '-', 'few:1'], root, 100);
    expect(few).toMatchObject({ code: 0, stderr: '' });
    await skiff(root, 'rmi', 'few:1');
    const begin = performance.now();
    const many = await fed(['import', '-', 'many:1'], root, ENTRIES);
    const seconds = (performance.now() - begin) / 1000;
    expect(many).toMatchObject({ code: 0, stderr: '' });
    if (process.env.SKIFF_ENTRIES)
      console.log(`${ENTRIES} entries: ${seconds.toFixed(1)} s, ${few.peak} KiB, then ${many.peak} KiB`);
    expect(many.peak - few.peak).toBeLessThan(MAX_MORE_KIB);
    const layers = path.join(root, 'images', 'layers');
    const tree = path.join(layers, fs.readdirSync(layers)[0]!);
    // Times and modes of directories come last, those that waited in a file among them.
    for (const number of [0, Math.floor(ENTRIES / 2 / 10) * 10, ENTRIES - 10]) {
      const directory = path.join(
        tree,
        'd',
        String(Math.floor(number / 100_000)),
        String(Math.floor(number / 10)),
      );
      const { mode, mtimeMs } = fs.statSync(directory);
      expect({ mode: mode & 0o777, mtimeMs }).toEqual({ mode: 0o751, mtimeMs: 1_600_000_000_000 });
      expect(fs.readdirSync(directory)).toHaveLength(9);
    }
    await skiff(root, 'rmi', 'many:1');
    expect(imagesLeft(root)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'as an archive of images they are refused, before their names take the memory',
  async () => {
    const root = tempRoot();
    const few = await fed(['load'], root, 100);
    const many = await fed(['load'], root, MORE_THAN_LOAD_TAKES);
    expect(few.stderr).toMatch(/it is no image archive/);
    expect(many).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(/it has more than 100000 entries/),
    });
    expect(many.peak - few.peak).toBeLessThan(MAX_MORE_KIB);
    expect(imagesLeft(root)).toEqual([]);
  },
  TIMEOUT_MS,
);
