import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorCode, SkiffError } from '../common/errors';
import { brokenTar } from './tar-header';

/**
 * Compressions that an archive can be wrapped in, told by its first bytes. Node reads gzip itself. For the others there
 * is no library that streams, is kept up, needs no install script and comes near to the programs that every
 * distribution has; so those are called, as podman calls them for xz. Each is kept from taking any amount of memory.
 */
const COMPRESSIONS: { name: string; magic: Buffer; program?: string[] }[] = [
  { name: 'gzip', magic: Buffer.from('1f8b', 'hex') },
  { name: 'zstd', magic: Buffer.from('28b52ffd', 'hex'), program: ['zstd', '-dcq', '--memory=256MiB'] },
  { name: 'xz', magic: Buffer.from('fd377a585a00', 'hex'), program: ['xz', '-dcq', '--memlimit=256MiB'] },
  { name: 'bzip2', magic: Buffer.from('425a68', 'hex'), program: ['bzip2', '-dcq'] },
];

/** How many first bytes {@link decompressor} wants. */
export const MAGIC_BYTES = 8;

/** Bytes of a program's complaint that are passed on. */
const MAX_COMPLAINT = 400;
const OUTPUT_BYTES = 256 << 10;

export type Decompress = (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** @returns undefined where the bytes are not compressed */
export function decompressor(head: Buffer): Decompress | undefined {
  const found = COMPRESSIONS.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (found?.program) return chunks => throughProgram(found.name, found.program!, chunks);
  return found && throughGunzip;
}

async function* throughGunzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(chunks, { objectMode: false });
  const gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  source.on('error', error => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function* throughProgram(
  compression: string,
  [program, ...args]: string[],
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const child = spawn(program!, args, { stdio: 'pipe', env: { PATH: process.env.PATH, LC_ALL: 'C' } });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  ended.catch(() => undefined);
  let complaint = '';
  child.stderr.on(
    'data',
    (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, MAX_COMPLAINT)),
  );
  const source = Readable.from(chunks, { objectMode: false });
  source.on('error', error => child.stdout.destroy(error));
  // A program that ends before it read everything says why; that its pipe is broken then says nothing more.
  child.stdin.on('error', () => source.destroy());
  source.pipe(child.stdin);
  try {
    // Before it runs, nothing of what it might not read is worth being told.
    if (child.pid === undefined) await ended;
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code, signal] = await ended;
    if (code !== 0)
      throw brokenTar(`${program} ended with ${signal ?? code}${complaint && `: ${complaint.trim()}`}`);
  } catch (error) {
    throw errorCode(error) === 'ENOENT' && child.pid === undefined ? missing(compression, program!) : error;
  } finally {
    child.kill('SIGKILL');
    source.destroy();
  }
}

function missing(compression: string, program: string): SkiffError {
  return new SkiffError(`it is compressed with ${compression}, and there is no program ${program}`, {
    code: 'MISSING_PROGRAM',
    remedy: `Install ${program}, or decompress the file before.`,
  });
}
