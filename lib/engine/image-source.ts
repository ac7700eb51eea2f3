import fs from 'node:fs';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import type { ArchivePlace } from '../image/load';
import type { ByteSource } from '../layers/byte-source';

/** Where an archive is: a file's path, an open descriptor, which stays the caller's, or its bytes. */
export type ImageInput = string | number | AsyncIterable<Buffer>;

/** Something that takes its time tells how far it is. */
export interface ProgressOptions {
  /**
   * @param done bytes read so far
   * @param total undefined where it is not known, as of a pipe
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/**
 * Open what the user named, and have it read.
 *
 * @throws SkiffError with the errno's name
 */
export async function withSource<T>(
  source: ImageInput,
  { onProgress }: ProgressOptions,
  work: (bytes: ByteSource, name: string) => Promise<T>,
): Promise<T> {
  const { FileSource, PipeSource, StreamSource, tapped } = await import('../layers/source');
  let done = 0;
  const counted = (bytes: ByteSource) =>
    onProgress ? tapped(bytes, { onBytes: count => onProgress((done += count), bytes.length) }) : bytes;
  if (typeof source === 'number') return work(counted(new PipeSource(source)), '-');
  if (typeof source !== 'string') return work(counted(new StreamSource(source)), '-');
  const handle = await openFile(source);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw unreadable(source, 'EISDIR', 'is a directory');
    // A pipe of the shell's, <(...): opened again, to be waited for.
    if (!stat.isFile()) return await work(counted(new StreamSource(fs.createReadStream(source))), source);
    return await work(counted(new FileSource(handle, 0, stat.size)), source);
  } finally {
    await handle.close();
  }
}

/** The same for an archive of images, which is read at any place where it is a file, and can be a directory. */
export async function withArchive<T>(
  source: ImageInput,
  work: (place: ArchivePlace) => Promise<T>,
): Promise<T> {
  const { FileSource, PipeSource, StreamSource } = await import('../layers/source');
  if (typeof source === 'number') return work({ name: '-', source: new PipeSource(source) });
  if (typeof source !== 'string') return work({ name: '-', source: new StreamSource(source) });
  const handle = await openFile(source);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) return await work({ name: source, directory: source });
    if (!stat.isFile())
      return await work({ name: source, source: new StreamSource(fs.createReadStream(source)) });
    return await work({ name: source, handle, source: new FileSource(handle, 0, stat.size) });
  } finally {
    await handle.close();
  }
}

/** @throws SkiffError with the errno's name */
async function openFile(file: string): Promise<fs.promises.FileHandle> {
  try {
    // O_NONBLOCK: a FIFO would have us wait for a writer.
    return await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (cause) {
    const code = errorCode(cause) ?? 'EIO';
    const reason = { ENOENT: 'no such file or directory', EACCES: 'permission denied' }[code];
    throw unreadable(file, code, reason ?? errorMessage(cause), cause);
  }
}

function unreadable(file: string, code: string, reason: string, cause?: unknown): SkiffError {
  return new SkiffError(`open: ${file}: ${reason}`, { code, path: file, exitCode: 1, cause });
}
