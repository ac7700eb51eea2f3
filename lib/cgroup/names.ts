import path from 'node:path';
import { invalidArgument } from '../common/errors';

const PREFIX = 'skiff-';
const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Name of a container's cgroup directory.
 *
 * @throws SkiffError INVALID_ARGUMENT for an id that could name another directory
 */
export function directoryName(id: string): string {
  if (!ID.test(id)) throw invalidArgument(`not a container id: ${JSON.stringify(id)}`);
  return PREFIX + id;
}

/** The id in a directory's name; undefined where it is none of ours. */
export function idOfDirectory(name: string): string | undefined {
  const id = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
  return ID.test(id) ? id : undefined;
}

/** Whether a recorded path can be the cgroup of this id: absolute, plain, and named after it. */
export function isDirectoryOf(id: string, directory: string): boolean {
  return (
    path.isAbsolute(directory) &&
    path.normalize(directory) === directory &&
    path.basename(directory) === directoryName(id)
  );
}
