import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, SkiffError } from '../common/errors';

const STDIN = 0;
const STDOUT = 1;
/** How long to wait, in ms, before writing to a full pipe again. */
const RETRY_MS = 5;
const CHUNK = 256 * 1024;

/** Standard input, without what process.stdin would do to a pipe that others share (see output.ts). */
export function standardInput(): Readable {
  return fs.createReadStream('', { fd: STDIN, autoClose: false, highWaterMark: CHUNK });
}

/** Write a stream to standard output, whole. A reader that is gone is no error: there is nobody left to tell. */
export async function streamOut(stream: Readable): Promise<void> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) await writeWhole(STDOUT, chunk);
  } catch (error) {
    if (errorCode(error) !== 'EPIPE') throw error;
  } finally {
    stream.destroy();
  }
}

/**
 * Write a stream to a file, which is there when all of it is. What was there is replaced; a device or FIFO is written to.
 *
 * @throws SkiffError with Docker's wording
 */
export async function streamToFile(stream: Readable, file: string): Promise<void> {
  try {
    checkPlace(file);
    const { writeOutput } = await import('../engine/image-output');
    await writeOutput(file, stream as AsyncIterable<Buffer>);
  } finally {
    stream.destroy();
  }
}

async function writeWhole(fd: number, chunk: Buffer): Promise<void> {
  for (let rest = chunk; rest.length > 0;) {
    try {
      rest = rest.subarray(await write(fd, rest));
    } catch (error) {
      // Somebody who has the same pipe made it O_NONBLOCK.
      if (errorCode(error) !== 'EAGAIN') throw error;
      await sleep(RETRY_MS);
    }
  }
}

function write(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, bytes, (error, written) => (error ? reject(error) : resolve(written)));
  });
}

function checkPlace(file: string): void {
  const directory = path.dirname(path.resolve(file));
  if (!fs.existsSync(directory))
    throw new SkiffError(`invalid output path: directory ${JSON.stringify(directory)} does not exist`, {
      code: 'ENOENT',
      path: file,
      exitCode: 1,
    });
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new SkiffError(`open ${file}: is a directory`, { code: 'EISDIR', path: file, exitCode: 1 });
}
