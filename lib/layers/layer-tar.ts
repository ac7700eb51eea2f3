import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { errorCode } from '../common/errors';
import { native, type NativePiece } from '../native';
import { workspaceError } from './errors';
import { factsDirectoryOf, skeletonOf } from './facts';
import { layerOf } from './layer';
import { readSkeleton } from './skeleton-reader';

/** Bytes and pieces that are put together in one trip to the thread pool. */
const BATCH_BYTES = 1 << 20;
const BATCH_PIECES = 1024;

/**
 * The tar of an unpacked layer, byte for byte as it came.
 *
 * @param hex the layer's digest
 * @throws SkiffError LAYER_NOT_FOUND; LAYER_CHANGED at the end where its tree is not what was unpacked
 */
export async function* layerTar(root: string, hex: string): AsyncGenerator<Buffer> {
  const { path: tree, digest } = layerOf(root, hex);
  const hash = createHash('sha256');
  try {
    for await (const bytes of ahead(batches(root, hex), pieces =>
      native().readPieces({ root: tree, pieces }),
    )) {
      hash.update(bytes);
      yield bytes;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && !fs.existsSync(skeletonOf(factsDirectoryOf(root, hex)))) {
      throw workspaceError('layer', digest, 'it is not there', { code: 'LAYER_NOT_FOUND', cause: error });
    }
    throw error;
  }
  const found = hash.digest('hex');
  if (found === hex) return;
  const reason = `its files are not those that were unpacked: they make sha256:${found}`;
  throw workspaceError('layer', digest, reason, {
    code: 'LAYER_CHANGED',
    remedy: 'Remove the images that have it, and load them again.',
  });
}

/** The results of a job for each item, the next job at work while a result is taken. */
async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  let pending: Promise<Result> | undefined;
  for await (const item of items) {
    const next = work(item);
    // Who waits for it is told; nobody may come to.
    next.catch(() => undefined);
    if (pending) yield await pending;
    pending = next;
  }
  if (pending) yield await pending;
}

async function* batches(root: string, hex: string): AsyncGenerator<NativePiece[]> {
  let batch: NativePiece[] = [];
  let bytes = 0;
  for await (const piece of nativePieces(root, hex)) {
    batch.push(piece);
    bytes += 'data' in piece ? piece.data.length : piece.length;
    if (bytes < BATCH_BYTES && batch.length < BATCH_PIECES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Large files in pieces that fit into a batch. */
async function* nativePieces(root: string, hex: string): AsyncGenerator<NativePiece> {
  for await (const records of readSkeleton(skeletonOf(factsDirectoryOf(root, hex)))) {
    for (const { raw, piece } of records) {
      if (raw.length > 0) yield { data: raw };
      for (let done = 0; piece && done < piece.length; done += BATCH_BYTES) {
        const length = Math.min(BATCH_BYTES, piece.length - done);
        yield { name: piece.name, offset: piece.offset + done, length };
      }
    }
  }
}
