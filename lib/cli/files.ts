import fs from 'node:fs';
import path from 'node:path';
import { errorMessage, SkiffError } from '../common/errors';
import type { CollectedFile, InputFile } from '../engine/options';
import { usageError } from './parse';

/** `--file SRC:DST`: files of the host, by their path in the container. */
export function toInputFiles(texts: readonly string[]): Record<string, InputFile> {
  return Object.fromEntries(
    texts.map(text => {
      const colon = text.lastIndexOf(':');
      const [source, destination] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
      if (!source || !destination.startsWith('/')) {
        throw usageError(`invalid argument ${JSON.stringify(text)} for --file: SRC:/DST is needed`, 'run');
      }
      return [destination, { source }];
    }),
  );
}

/** `--collect PATH[:DST]`: where each goes on the host, by its path in the container. */
export function toDestinations(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map(text => {
      const colon = text.indexOf(':');
      const inside = colon < 0 ? text : text.slice(0, colon);
      return [inside, colon < 0 ? path.basename(inside) : text.slice(colon + 1)];
    }),
  );
}

/**
 * Write what was collected to the host, with its permissions. All that can be written is.
 *
 * @throws SkiffError for the first that was not there, could not be taken, was too large or could not be written
 */
export function writeCollected(
  files: Record<string, CollectedFile>,
  destinations: ReadonlyMap<string, string>,
): void {
  const failures: SkiffError[] = [];
  for (const [inside, destination] of destinations) {
    const failure = writeOne(inside, files[inside], destination);
    if (failure) failures.push(failure);
  }
  if (failures[0]) throw failures[0];
}

function writeOne(
  inside: string,
  file: CollectedFile | undefined,
  destination: string,
): SkiffError | undefined {
  const failed = (reason: string) =>
    new SkiffError(`cannot collect ${inside}: ${reason}`, { code: 'COLLECT_FAILED', path: inside });
  if (!file) return failed('no such file or directory');
  if ('error' in file) return file.error;
  if (file.truncated) return failed('too large');
  try {
    // Neither set-user-id nor a link that waits at the destination.
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = fs.constants;
    const fd = fs.openSync(destination, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, file.mode & 0o777);
    try {
      fs.writeFileSync(fd, file.content);
    } finally {
      fs.closeSync(fd);
    }
    return undefined;
  } catch (error) {
    return failed(`cannot write ${destination}: ${errorMessage(error)}`);
  }
}
