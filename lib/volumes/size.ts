import fs from 'node:fs';
import path from 'node:path';

/**
 * Bytes of all files of a tree, each counted once however many names it has. No link is followed; what vanishes meanwhile
 * does not count.
 */
export async function treeSize(directory: string): Promise<number> {
  const counted = new Set<string>();
  const pending = [Buffer.from(directory)];
  let bytes = 0;
  for (let next = pending.pop(); next; next = pending.pop()) {
    const parent = next;
    const names = await fs.promises.readdir(parent, { encoding: 'buffer' }).catch(() => []);
    for (const name of names) {
      const entry = Buffer.concat([parent, Buffer.from(path.sep), name]);
      const about = await fs.promises.lstat(entry).catch(() => undefined);
      if (about?.isDirectory()) pending.push(entry);
      else if (about && (about.nlink === 1 || isNew(counted, `${about.dev}:${about.ino}`)))
        bytes += about.size;
    }
  }
  return bytes;
}

function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}
