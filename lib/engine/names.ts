import fs from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../common/errors';
import { DEFAULT_IMAGE } from '../image/bundled';
import { familiarName } from '../image/reference';
import { Catalog } from './catalog';
import { Images } from './images';
import type { ContainerInfo } from './info';
import { rootDirectory } from './root';

/** What there is of each kind in a root, in short: for completion, which has to be fast. */
export function namesOf({ root }: { root?: string }) {
  return {
    containers: (): Promise<ContainerInfo[]> => new Catalog({ root }).list(),
    // The bundled one is not stored before its first use.
    images: async (): Promise<string[]> => {
      const stored = new Images({ root }).store.list().flatMap(({ refs }) => refs.map(familiarName));
      return [...new Set([...stored, `${DEFAULT_IMAGE}:latest`])];
    },
    volumes: (): Promise<string[]> => directoriesIn(path.join(rootDirectory(root), 'volumes')),
  };
}

/** Names with a dot before them are of what is being made or removed. */
async function directoriesIn(directory: string): Promise<string[]> {
  try {
    const entries = await fs.readdir(directory, { withFileTypes: true });
    return entries
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
