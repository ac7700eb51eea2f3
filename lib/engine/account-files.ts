import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import { native } from '../native';

/** A small file of the image, as the union of its layers shows it. */
export function readInLayers(layers: readonly string[], file: string): Buffer | null {
  for (const layer of layers) {
    try {
      const found = native().readFileInRoot({ root: layer, path: file, maxBytes: 1 << 20 });
      if (found !== null) return found;
    } catch (error) {
      // Opening a whiteout, a device of no driver: the file is deleted in this layer.
      if (errorCode(error) === 'ENXIO') return null;
      throw error;
    }
  }
  return null;
}

/** A file that changed less than this long ago (ms) may change again within the same tick of its ctime. */
const SETTLE_MS = 1000;
/** That there is no such file, which is a state, too. */
const NONE = 'none';

/**
 * Of a directory that may change: the state of what a spec is made of besides options, /etc/passwd and /etc/group.
 *
 * @returns undefined where it cannot be told without following links, or they have just been changed
 */
export function stateOfAccounts(directory: string): string | undefined {
  const etc = fs.lstatSync(path.join(directory, 'etc'), { throwIfNoEntry: false });
  if (!etc) return [directory, NONE, NONE].join('\0');
  if (!etc.isDirectory()) return undefined;
  const states = ['passwd', 'group'].map(name => stateOf(path.join(directory, 'etc', name)));
  return states.includes(undefined) ? undefined : [directory, ...states].join('\0');
}

function stateOf(file: string): string | undefined {
  const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (!stat) return NONE;
  if (!stat.isFile() || Date.now() - Number(stat.ctimeMs) < SETTLE_MS) return undefined;
  return [stat.dev, stat.ino, stat.size, stat.ctimeNs].join('-');
}
