import fs from 'node:fs';
import path from 'node:path';
import { errorCode, type SkiffError } from '../common/errors';
import { workspaceError } from './errors';
import { layerFactsDirectory } from './paths';
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

/**
 * What is known of an unpacked layer.
 *
 * @throws SkiffError LAYER_NOT_FOUND
 */
export async function readFacts(root: string, hex: string): Promise<LayerFacts> {
  const file = path.join(factsDirectoryOf(root, hex), FACTS);
  try {
    return JSON.parse(await fs.promises.readFile(file, 'utf8')) as LayerFacts;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
    throw layerNotFound(`sha256:${hex}`, error);
  }
}

export function layerNotFound(digest: string, cause?: unknown): SkiffError {
  return workspaceError('layer', digest, 'it is not there', {
    code: 'LAYER_NOT_FOUND',
    ...(cause !== undefined && { cause }),
  });
}
