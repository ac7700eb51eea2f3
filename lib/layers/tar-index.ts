import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import { temporaryName } from './owner';
import { layersDirectory, tarIndexDirectory } from './paths';

/** A file that changed less than this long ago (ms) may change again within the same tick of its ctime. */
const SETTLE_MS = 1000;

/** What tells one state of a file from another. */
export function tarKey(stat: fs.BigIntStats): string {
  return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].map(part => part.toString(36)).join('-');
}

/** The link that tells which layer a tar file is, by its {@link tarKey}. */
export function linkOf(root: string, key: string): string {
  return path.join(tarIndexDirectory(root), key);
}

/**
 * The digest (hexadecimal) of a tar file that was hashed before and whose layer is there; undefined where the file
 * must be looked at. Synchronous: two system calls, at every start of a container.
 */
export function rememberedLayer(root: string, key: string): string | undefined {
  try {
    const target = fs.readlinkSync(linkOf(root, key));
    fs.accessSync(path.join(layersDirectory(root), path.basename(target)));
    return path.basename(target);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

/** Remember the digest of a tar file; not yet where the file was changed a moment ago. */
export async function rememberLayer(root: string, stat: fs.BigIntStats, hex: string): Promise<void> {
  if (Date.now() - Number(stat.ctimeMs) < SETTLE_MS) return;
  const directory = tarIndexDirectory(root);
  await fs.promises.mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceLink(path.join(directory, tarKey(stat)), path.join('..', 'layers', hex));
}

/** Make `link` point to `target`, whole at every moment, whoever else does the same. */
export async function replaceLink(link: string, target: string): Promise<void> {
  const temporary = temporaryName(path.dirname(link));
  await fs.promises.symlink(target, temporary);
  await fs.promises.rename(temporary, link);
}

/** Forget the tar files of a layer that goes. */
export async function forgetLayer(root: string, hex: string): Promise<void> {
  const directory = tarIndexDirectory(root);
  for (const name of await readDirectory(directory)) {
    const link = path.join(directory, name);
    if ((await readLink(link)) === path.join('..', 'layers', hex))
      await fs.promises.rm(link, { force: true });
  }
}

async function readDirectory(directory: string): Promise<string[]> {
  try {
    return await fs.promises.readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readLink(link: string): Promise<string | undefined> {
  try {
    return await fs.promises.readlink(link);
  } catch (error) {
    // Gone meanwhile, or something that is no link and so not ours.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EINVAL') return undefined;
    throw error;
  }
}

/** The digests (hexadecimal) of all layers that tar files are remembered for. */
export async function indexedLayers(root: string): Promise<Set<string>> {
  const directory = tarIndexDirectory(root);
  const targets = await Promise.all(
    (await readDirectory(directory)).map(name => readLink(path.join(directory, name))),
  );
  return new Set(targets.filter(target => target !== undefined).map(target => path.basename(target)));
}
