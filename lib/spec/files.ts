import { invalidArgument } from '../common/errors';
import { toDestination } from './destination';
import { Operation, PlanWriter } from './plan-encoding';

/** A file that the command finds when it begins. */
export interface FileContent {
  content: string | Uint8Array;
  /** Permission bits; 0644 where not given. */
  mode?: number;
}

/** Bytes of all files of one command together: they are part of the message that begins it. */
export const MAX_FILES_BYTES = 8 * 1024 * 1024;

/**
 * Records that write files, to come at the end of a process plan. The files are the user's, and so are directories that
 * are made for them.
 *
 * @param files by their absolute path in the container
 * @throws SkiffError INVALID_ARGUMENT for a path that is not absolute, and where they are too large
 */
export function fileRecords(files: ReadonlyMap<string, FileContent>): Buffer {
  const plan = new PlanWriter();
  let total = 0;
  for (const [path, { content, mode = 0o644 }] of files) {
    if (path.includes('\0')) throw invalidArgument('NUL byte in option files');
    const bytes = Buffer.from(content);
    total += bytes.length;
    if (total > MAX_FILES_BYTES) {
      throw invalidArgument(`files are too large: ${path}: more than ${MAX_FILES_BYTES} bytes in all`, {
        path,
        remedy: 'Give large data by a volume.',
      });
    }
    plan.add(Operation.File, { u32: mode }, { text: toDestination(path) }, { bytes });
  }
  return plan.records();
}
