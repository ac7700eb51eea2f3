import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

/** Files of one directory: few enough for every file system's taste. */
const PER_DIRECTORY = 1000;

/**
 * Make a root file system with /bin/true and what else is asked for.
 *
 * @param layer unpacked busybox, whose own program `true` is
 * @param options.files empty ones beside it, below /files
 * @param options.directories empty ones: /m/0, /m/1, ...
 */
export async function makeImage(
  directory: string,
  layer: string,
  { files = 0, directories = 0 }: { files?: number; directories?: number } = {},
): Promise<string> {
  for (const name of ['bin', 'dev', 'proc', 'sys'])
    fs.mkdirSync(path.join(directory, name), { recursive: true });
  fs.copyFileSync(path.join(layer, 'bin', 'true'), path.join(directory, 'bin', 'true'));
  for (let made = 0; made < files; made += PER_DIRECTORY) {
    const parent = path.join(directory, 'files', String(made / PER_DIRECTORY));
    fs.mkdirSync(parent, { recursive: true });
    for (let i = 0; i < Math.min(PER_DIRECTORY, files - made); i += 1)
      fs.closeSync(fs.openSync(path.join(parent, String(i)), 'w'));
    // Signals are heard in between.
    await setImmediate();
  }
  for (let i = 0; i < directories; i += 1)
    fs.mkdirSync(path.join(directory, 'm', String(i)), { recursive: true });
  return directory;
}
