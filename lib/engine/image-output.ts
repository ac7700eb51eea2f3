import fs from 'node:fs';
import path from 'node:path';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import { removeLeftoverFiles, temporaryName } from '../layers/owner';
import { native } from '../native';

/** __O_TMPFILE of asm-generic/fcntl.h and with it O_DIRECTORY, whose number the machine decides: open(2). */
const O_TMPFILE = 0o20000000 | fs.constants.O_DIRECTORY;
/** What open(2) says where the file system, or the kernel, cannot do that. */
const NO_TMPFILE = ['EOPNOTSUPP', 'EISDIR', 'ENOENT', 'EINVAL'];
/** Docker's: what is in it may be nobody else's business. */
const MODE = 0o600;

/**
 * Write bytes into a file, whole: where something fails, or this process is killed, there is the file that was there
 * before, or none. What is no regular file, such as /dev/null or a FIFO, is written to as it is.
 *
 * @throws SkiffError with the errno's name; or what the bytes end with
 */
export async function writeOutput(file: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  const output = stat === undefined || stat.isFile() ? await openNew(file) : await openSpecial(file);
  try {
    for await (const chunk of chunks) await writeAll(output.handle.fd, chunk, file);
    await output.finish().catch(cause => {
      throw notWritten(file, cause);
    });
  } catch (error) {
    if (output.temporary !== undefined) await fs.promises.rm(output.temporary, { force: true });
    throw error;
  } finally {
    await output.handle.close();
  }
}

interface Output {
  handle: fs.promises.FileHandle;
  /** Where it is until it is whole; undefined while it has no name. */
  temporary?: string;
  /** Put it in its place. */
  finish(): Promise<void>;
}

async function openSpecial(file: string): Promise<Output> {
  return { handle: await opening(file, () => fs.promises.open(file, 'w')), finish: async () => undefined };
}

/**
 * It has no name until it is whole, or where that cannot be, one that tells whose it is: the next who writes a file there
 * removes what a killed one left.
 */
async function openNew(file: string): Promise<Output> {
  const directory = path.dirname(path.resolve(file));
  return opening(file, async () => {
    await removeLeftoverFiles(directory);
    const temporary = temporaryName(directory);
    const rename = () => fs.promises.rename(temporary, file);
    const { O_RDWR } = fs.constants;
    const nameless = await fs.promises.open(directory, O_TMPFILE | O_RDWR, MODE).catch(unlessMissing);
    if (!nameless) {
      return { handle: await fs.promises.open(temporary, 'wx', MODE), temporary, finish: rename };
    }
    const output: Output = {
      handle: nameless,
      async finish() {
        native().linkFile({ fd: nameless.fd, path: temporary });
        output.temporary = temporary;
        await rename();
      },
    };
    return output;
  });
}

function unlessMissing(error: unknown): undefined {
  if (!NO_TMPFILE.includes(errorCode(error) ?? '')) throw error;
}

async function opening<T>(file: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
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
    {
      ENOSPC: 'no space left on device',
      ENOENT: 'no such directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
      EROFS: 'read-only file system',
    }[code] ?? errorMessage(cause);
  return new SkiffError(`write: ${file}: ${reason}`, { code, path: file, exitCode: 1, cause });
}
