import fs from 'node:fs';
import path from 'node:path';
import { errorCode, errorMessage, SkiffError } from '../common/errors';

/**
 * Write bytes into a file, whole: where something fails, there is the file that was there before, or none. What is no
 * regular file, such as /dev/null or a FIFO, is written to as it is.
 *
 * @throws SkiffError with the errno's name; or what the bytes end with
 */
export async function writeOutput(file: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const there = fs.statSync(file, { throwIfNoEntry: false });
  const isSpecial = there !== undefined && !there.isFile();
  const temporary = isSpecial
    ? file
    : path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.part`);
  try {
    const handle = await open(file, temporary, isSpecial ? 'w' : 'wx');
    try {
      for await (const chunk of chunks) await writeAll(handle.fd, chunk, file);
    } finally {
      await handle.close();
    }
    if (!isSpecial) await fs.promises.rename(temporary, file);
  } catch (error) {
    if (!isSpecial && errorCode(error) !== 'EEXIST') await fs.promises.rm(temporary, { force: true });
    throw error;
  }
}

async function open(file: string, temporary: string, flags: string): Promise<fs.promises.FileHandle> {
  try {
    return await fs.promises.open(temporary, flags, 0o600);
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

/** Write all of it to an open descriptor: a pipe may take a part at a time. */
export async function writeAll(fd: number, bytes: Buffer, file: string): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += await new Promise<number>((resolve, reject) =>
        fs.write(fd, bytes, at, bytes.length - at, null, (error, written) =>
          error ? reject(error) : resolve(written),
        ),
      );
    } catch (cause) {
      if (errorCode(cause) !== 'EAGAIN') throw notWritten(file, cause);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }
}

function notWritten(file: string, cause: unknown): SkiffError {
  const code = errorCode(cause) ?? 'EIO';
  const reason =
    { ENOSPC: 'no space left on device', ENOENT: 'no such directory', EACCES: 'permission denied' }[code] ??
    errorMessage(cause);
  return new SkiffError(`write: ${file}: ${reason}`, { code, path: file, exitCode: 1, cause });
}
