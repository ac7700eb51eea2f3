import fs from 'node:fs';
import { errorCode, invalidArgument, SkiffError } from '../common/errors';
import type { CompiledSpec } from '../spec/compiled';
import { fileRecords, MAX_FILES_BYTES, type FileContent } from '../spec/files';
import type { InputFile, StartOptions } from './options';

/**
 * A compiled spec that writes the options' files before the command begins. They are not part of what is remembered of a
 * spec: each run has its own.
 *
 * @throws SkiffError where a file of the host can not be read, or they are too large
 */
export function withFiles(spec: CompiledSpec, { files = {} }: Pick<StartOptions, 'files'>): CompiledSpec {
  const entries = Object.entries(files);
  if (entries.length === 0) return spec;
  const contents = new Map(entries.map(([path, file]) => [path, contentOf(path, file)]));
  const { process } = spec;
  return { ...spec, process: { ...process, bytes: Buffer.concat([process.bytes, fileRecords(contents)]) } };
}

function contentOf(path: string, file: InputFile): FileContent {
  if (typeof file === 'string' || file instanceof Uint8Array) return { content: file };
  if (typeof file !== 'object' || file === null) throw invalidArgument(`invalid file: ${path}`);
  if ('content' in file) return file;
  return readSource(file.source);
}

/** A file of the host, with its permissions. Devices and FIFOs are refused: they may never end. */
function readSource(source: string): FileContent {
  try {
    const fd = fs.openSync(source, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const about = fs.fstatSync(fd);
      if (!about.isFile()) throw new SkiffError('not a regular file', { code: 'EINVAL' });
      if (about.size > MAX_FILES_BYTES) throw new SkiffError('too large', { code: 'EFBIG' });
      return { content: fs.readFileSync(fd), mode: about.mode & 0o777 };
    } finally {
      fs.closeSync(fd);
    }
  } catch (cause) {
    const code = errorCode(cause) ?? 'EIO';
    const reasons: Record<string, string> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EINVAL: 'not a regular file',
      EFBIG: `larger than ${MAX_FILES_BYTES} bytes`,
    };
    throw new SkiffError(`cannot read the file: ${source}: ${reasons[code] ?? code}`, {
      code,
      path: source,
      cause,
    });
  }
}
