import { once } from 'node:events';
import fs from 'node:fs';
import type { Writable } from 'node:stream';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import { native } from '../native';
import { PipeSource } from './pipe-source';
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
  // Loaded at need, as below: a start reads no archive.
  const { createGunzip } = await import('node:zlib');
  const gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  const fed = feed(gunzip, chunks);
  fed.catch(error => gunzip.destroy(error as Error));
  try {
    yield* gunzip as AsyncIterable<Buffer>;
    await fed;
  } catch (error) {
    throw errorCode(error)?.startsWith('Z_') ? brokenTar(`gzip: ${errorMessage(error)}`) : error;
  } finally {
    gunzip.destroy();
  }
}

async function* throughProgram(
  compression: string,
  [program, ...args]: string[],
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { spawn } = await import('node:child_process');
  const [output, input] = native().pipe();
  const child = spawn(program!, args, {
    stdio: ['pipe', input, 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  fs.closeSync(input);
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  ended.catch(() => undefined);
  let complaint = '';
  child.stderr!.on(
    'data',
    (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, MAX_COMPLAINT)),
  );
  const fed = feed(child.stdin!, chunks);
  // Its end ends the output, which somebody waits for.
  fed.catch(() => child.kill('SIGKILL'));
  try {
    if (child.pid === undefined) await ended;
    yield* new PipeSource(output).chunks();
    const [code, signal] = await ended;
    await fed;
    if (code !== 0)
      throw brokenTar(`${program} ended with ${signal ?? code}${complaint && `: ${complaint.trim()}`}`);
  } catch (error) {
    throw errorCode(error) === 'ENOENT' && child.pid === undefined ? missing(compression, program!) : error;
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    fs.closeSync(output);
  }
}

/**
 * Write chunks one after the other, each when the one before was taken: their memory is used again. A reader that ended
 * before it had them all says itself why.
 */
async function feed(target: Writable, chunks: AsyncIterable<Buffer>): Promise<void> {
  target.on('error', () => undefined);
  for await (const chunk of chunks) {
    if (target.destroyed) return;
    await new Promise(resolve => target.write(chunk, resolve));
  }
  target.end();
}

function missing(compression: string, program: string): SkiffError {
  return new SkiffError(`it is compressed with ${compression}, and there is no program ${program}`, {
    code: 'MISSING_PROGRAM',
    remedy: `Install ${program}, or decompress the file before.`,
  });
}
