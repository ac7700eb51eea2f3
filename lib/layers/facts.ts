import fs from 'node:fs';
import path from 'node:path';
import { errorCode, type SkiffError } from '../common/errors';
import { workspaceError } from './errors';
import { layerFactsDirectory, layersDirectory } from './paths';
import type { WhiteoutForm } from './whiteouts';

/** What is known of a layer beside its tree. */
export interface LayerFacts {
  version: 1;
  /** Bytes of the uncompressed tar. */
  tarBytes: number;
  /** Bytes of all files. */
  fileBytes: number;
  /** How its tree tells what is gone of lower layers; undefined where it does not. */
  whiteouts?: WhiteoutForm;
}

const FACTS = 'facts.json';
const SKELETON = 'skeleton.gz';

/** The file that the tar is put together by, skeleton.ts. */
export function skeletonOf(directory: string): string {
  return path.join(directory, SKELETON);
}

export function factsDirectoryOf(root: string, hex: string): string {
  return path.join(layerFactsDirectory(root), hex);
}

export async function writeFacts(directory: string, facts: LayerFacts): Promise<void> {
  await fs.promises.writeFile(path.join(directory, FACTS), JSON.stringify(facts), { mode: 0o600 });
}

/** False also for a layer that was unpacked before facts were kept. */
export function hasFacts(root: string, hex: string): boolean {
  return fs.existsSync(path.join(factsDirectoryOf(root, hex), FACTS));
}

/**
 * What is known of an unpacked layer.
 *
 * @throws SkiffError LAYER_NOT_FOUND; LAYER_WITHOUT_FACTS where its tree alone is there
 */
export async function readFacts(root: string, hex: string): Promise<LayerFacts> {
  const file = path.join(factsDirectoryOf(root, hex), FACTS);
  try {
    return JSON.parse(await fs.promises.readFile(file, 'utf8')) as LayerFacts;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
    if (fs.existsSync(path.join(layersDirectory(root), hex))) throw withoutFacts(`sha256:${hex}`, error);
    throw layerNotFound(`sha256:${hex}`, error);
  }
}

/** Bytes of a layer's files; of one without facts they are counted. 0 where it is gone. */
export async function layerBytes(root: string, hex: string): Promise<number> {
  try {
    return (await readFacts(root, hex)).fileBytes;
  } catch (error) {
    if (errorCode(error) === 'LAYER_NOT_FOUND') return 0;
    if (errorCode(error) !== 'LAYER_WITHOUT_FACTS') throw error;
    return countBytes(path.join(layersDirectory(root), hex));
  }
}

/** Hard links are counted once. */
async function countBytes(tree: string): Promise<number> {
  const linked = new Set<number>();
  const directories = [tree];
  let bytes = 0;
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const entry of await fs.promises.readdir(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      if (entry.isDirectory()) directories.push(file);
      if (!entry.isFile()) continue;
      const { ino, nlink, size } = await fs.promises.lstat(file);
      if (linked.has(ino)) continue;
      if (nlink > 1) linked.add(ino);
      bytes += size;
    }
  }
  return bytes;
}

function withoutFacts(digest: string, cause: unknown): SkiffError {
  const reason =
    'it was unpacked before skiff kept how its tar was made, and cannot be written as that again';
  return workspaceError('layer', digest, reason, {
    code: 'LAYER_WITHOUT_FACTS',
    remedy: 'Import or load its archive once more: what is missing is added.',
    cause,
  });
}

export function layerNotFound(digest: string, cause?: unknown): SkiffError {
  return workspaceError('layer', digest, 'it is not there', {
    code: 'LAYER_NOT_FOUND',
    ...(cause !== undefined && { cause }),
  });
}
