import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from './errors';

/**
 * Make a directory and what is missing above it. Node's own recursive mkdir never returns where a file system answers
 * ENOENT for a directory whose parent exists, as /proc does.
 *
 * @param mode of the directories made, less the umask
 */
export function makeDirectories(directory: string, mode: number): void {
  try {
    fs.mkdirSync(directory, mode);
  } catch (error) {
    const parent = path.dirname(directory);
    if (errorCode(error) === 'EEXIST' && fs.statSync(directory).isDirectory()) return;
    if (errorCode(error) !== 'ENOENT' || parent === directory || fs.existsSync(parent)) throw error;
    makeDirectories(parent, mode);
    // Somebody else may make it at the same moment.
    if (!fs.existsSync(directory)) makeDirectories(directory, mode);
  }
}
