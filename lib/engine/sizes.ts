import { promises as fs } from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import { containerPaths } from '../workspace';
import type { ContainerInfo } from './info';

/** Bytes of files. */
export interface ContainerSize {
  /** What the container wrote. */
  writeLayer: number;
  /** That, and the read-only layers. */
  virtual: number;
}

/** Directories that are looked at side by side: libuv has four threads. */
const AT_ONCE = 4;

/** Measures directories; what several containers share is measured once. */
export class Sizes {
  private readonly known = new Map<string, Promise<number>>();

  async of({ directory, layers }: Pick<ContainerInfo, 'directory' | 'layers'>): Promise<ContainerSize> {
    const writeLayer = await this.directory(containerPaths(directory).writeLayer);
    let virtual = writeLayer;
    for (const layer of layers) virtual += await this.directory(layer);
    return { writeLayer, virtual };
  }

  /** Bytes of the files below a directory; 0 where it is gone. A file of several names counts once. */
  directory(directory: string): Promise<number> {
    const known = this.known.get(directory) ?? measure(directory);
    this.known.set(directory, known);
    return known;
  }
}

async function measure(top: string): Promise<number> {
  const linked = new Set<string>();
  const queue = [top];
  let bytes = 0;
  const work = async () => {
    for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
      for (const entry of await entriesOf(directory)) {
        const file = path.join(directory, entry.name);
        if (entry.isDirectory()) queue.push(file);
        else bytes += await sizeOf(file, linked);
      }
    }
  };
  // A worker that finds the queue empty ends: rounds, until what the last ones found is looked at, too.
  while (queue.length > 0) await Promise.all(Array.from({ length: AT_ONCE }, work));
  return bytes;
}

async function entriesOf(directory: string) {
  return unlessGone(() => fs.readdir(directory, { withFileTypes: true }), []);
}

async function sizeOf(file: string, linked: Set<string>): Promise<number> {
  const about = await unlessGone(() => fs.lstat(file), undefined);
  if (!about || (!about.isFile() && !about.isSymbolicLink())) return 0;
  if (about.nlink === 1) return about.size;
  const identity = `${about.dev}:${about.ino}`;
  if (linked.has(identity)) return 0;
  linked.add(identity);
  return about.size;
}

/** Containers write and go while they are looked at. */
async function unlessGone<T>(look: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return otherwise;
    throw error;
  }
}
