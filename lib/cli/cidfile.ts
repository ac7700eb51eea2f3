import fs from 'node:fs';
import { errorCode, SkiffError } from '../common/errors';

/**
 * Take a container's id file before the container exists, so that two can not share one.
 *
 * @returns writes the id, or without one takes the file away again
 * @throws SkiffError EEXIST in Docker's words where there is one already
 */
export function claimCidFile(file: string | undefined): (id?: string) => void {
  if (file === undefined) return () => undefined;
  try {
    fs.closeSync(fs.openSync(file, 'wx', 0o644));
  } catch (cause) {
    const code = errorCode(cause) ?? 'EIO';
    const message =
      code === 'EEXIST'
        ? `container ID file found, make sure the other container isn't running or delete ${file}`
        : `failed to create the container ID file: ${file}: ${code}`;
    throw new SkiffError(message, { code, path: file, cause });
  }
  return id => (id === undefined ? fs.rmSync(file, { force: true }) : fs.writeFileSync(file, id));
}
