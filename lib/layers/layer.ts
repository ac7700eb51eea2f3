import fs from 'node:fs';
import path from 'node:path';
import { debugLog } from '../common/debug';
import { errorCode, errorMessage, invalidArgument, SkiffError } from '../common/errors';
import { native } from '../native';
import { explain, fullRemedy, isFull, workspaceError } from './errors';
import { factsDirectoryOf, hasFacts, skeletonOf, writeFacts } from './facts';
import { restoreLayers } from './hidden';
import { hiddenName, removeLeftovers, temporaryName } from './owner';
import { withLock } from './lock';
import {
  checkPathLength,
  layerFactsDirectory,
  layersDirectory,
  layersLock,
  tarIndexDirectory,
} from './paths';
import type { ByteSource } from './byte-source';
import { forgetLayer, rememberedLayer, rememberLayer, tarKey } from './tar-index';
import type { WhiteoutForm } from './whiteouts';

/** An unpacked tar. Nothing is ever written to it again. */
export interface ReadOnlyLayer {
  /** `sha256:` and the hash of the uncompressed tar's bytes: what image configs call a diff id. */
  digest: string;
  /** The directory with what the tar holds. */
  path: string;
}

/** Bytes that an uncompressed tar may have where nothing else is said. */
export const DEFAULT_MAX_BYTES = 64 * 2 ** 30;

export interface AddLayerOptions {
  root: string;
  /** The archive for messages. */
  name: string;
  source: ByteSource;
  /** `overlay` where not given. */
  whiteouts?: WhiteoutForm;
  /** Bytes of the uncompressed tar at most; {@link DEFAULT_MAX_BYTES} where not given. */
  maxBytes?: number;
  /** The digest that it must have. */
  expected?: string;
  signal?: AbortSignal;
}

/**
 * Have a tar file (plain or compressed) unpacked below `root`, once for its content: from the second call on this costs
 * three system calls. Processes may do so at the same time, and die at any moment: a layer is whole, or is not there.
 *
 * @param options.root skiff's root directory; made where it is missing
 * @param options.tar path of the tar
 * @param options.whole its facts are needed as well as its tree
 * @throws SkiffError UNSAFE_TAR where an entry leads out of the layer, BROKEN_TAR, or an errno's name
 */
export async function createReadOnlyLayer(options: {
  root: string;
  tar: string;
  whiteouts?: WhiteoutForm;
  whole?: boolean;
}): Promise<ReadOnlyLayer> {
  const { root, tar, whiteouts, whole = false } = options;
  return explain('read-only layer', tar, async () => {
    checkPathLength(path.join(layersDirectory(root), 'f'.repeat(64)));
    const known = rememberedLayer(root, tarKey(statTar(tar)));
    if (known !== undefined && (!whole || hasFacts(root, known))) return layerOf(root, known);
    const handle = await fs.promises.open(tar, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const before = await handle.stat({ bigint: true });
      // Loaded at need: a layer that is there already takes none of it.
      const { FileSource } = await import('./source');
      const source = new FileSource(handle, 0, Number(before.size));
      const layer = await addLayer({ root, name: tar, source, whiteouts });
      const after = await handle.stat({ bigint: true });
      if (tarKey(before) === tarKey(after)) await rememberLayer(root, after, hexOf(layer.digest));
      return layer;
    } finally {
      await handle.close();
    }
  });
}

/**
 * Unpack a tar below `root`, and keep what is needed to write the same tar again. Where that layer is there already, it
 * stays as it is.
 *
 * @throws SkiffError UNSAFE_TAR, BROKEN_TAR, TOO_LARGE, MISSING_PROGRAM, DIGEST_MISMATCH, or an errno's name; nothing
 * of it is left then
 */
export async function addLayer(options: AddLayerOptions): Promise<ReadOnlyLayer> {
  const { root, name } = options;
  const directories = [layersDirectory(root), layerFactsDirectory(root), tarIndexDirectory(root)];
  for (const directory of directories) {
    // Not for everybody: set-user-ID programs of an old image are in there.
    await fs.promises.mkdir(directory, { recursive: true, mode: 0o700 });
    await removeLeftovers(directory);
  }
  await restoreLayers(root);
  const temporary = temporaryName(layersDirectory(root));
  const facts = temporaryName(layerFactsDirectory(root));
  try {
    await fs.promises.mkdir(temporary, { mode: 0o755 });
    await fs.promises.mkdir(facts, { mode: 0o700 });
    const hex = await unpackInto(temporary, facts, options);
    // Without it a power loss could leave the name on the disk and not all of what is in it.
    await native().syncFileSystem({ path: temporary });
    await putInPlace(root, hex, { temporary, facts });
    return layerOf(root, hex);
  } catch (error) {
    return discard([temporary, facts], tarError(root, name, error));
  }
}

async function unpackInto(temporary: string, facts: string, options: AddLayerOptions): Promise<string> {
  const { source, signal, expected, maxBytes = DEFAULT_MAX_BYTES, whiteouts = 'overlay' } = options;
  debugLog('workspace')('unpacking %s into %s', options.name, temporary);
  const [{ unpackTar }, { tarChunks }] = await Promise.all([import('./unpack'), import('./source')]);
  const unpacked = await unpackTar(tarChunks(source), {
    directory: temporary,
    skeleton: skeletonOf(facts),
    spool: facts,
    whiteouts,
    maxBytes,
    signal,
  });
  if (expected !== undefined && expected !== `sha256:${unpacked.hex}`) throw mismatch(expected, unpacked.hex);
  const { tarBytes, fileBytes, hasWhiteouts } = unpacked;
  await writeFacts(facts, { version: 1, tarBytes, fileBytes, ...(hasWhiteouts && { whiteouts }) });
  return unpacked.hex;
}

/**
 * The facts first: where there is a tree, there are its facts, but for trees from before there were any. Those without
 * a tree were left by a killed process, since nobody else is here.
 */
async function putInPlace(
  root: string,
  hex: string,
  { temporary, facts }: { temporary: string; facts: string },
): Promise<void> {
  await withLock(layersLock(root), { shared: false }, async () => {
    const { path: tree } = layerOf(root, hex);
    const isUnpacked = fs.existsSync(tree);
    if (isUnpacked && hasFacts(root, hex)) return;
    await removeWhole(factsDirectoryOf(root, hex), layerFactsDirectory(root));
    await fs.promises.rename(facts, factsDirectoryOf(root, hex));
    if (!isUnpacked) await fs.promises.rename(temporary, tree);
  });
  // What is still here is of a layer that was there already.
  await native().removeTrees({ paths: [temporary, facts] });
}

/**
 * Remove a layer; missing is fine. Where this process is killed before it is known that nobody has the layer, it comes
 * back: {@link restoreLayers}.
 *
 * @param options.digest `sha256:` and 64 hexadecimal digits
 * @param options.isUsed whether a container has it by now, asked when nobody can find it any more: a start that is
 * quicker writes its record before it looks for its layers, so that it is seen here, or does not find them
 * @returns false where it is used, and stays
 */
export async function deleteReadOnlyLayer({
  root,
  digest,
  isUsed = () => false,
}: {
  root: string;
  digest: string;
  isUsed?: () => boolean;
}): Promise<boolean> {
  const hex = hexOf(digest);
  const { path: tree } = layerOf(root, hex);
  return explain('delete read-only layer', tree, async () => {
    if (!fs.existsSync(tree) && !fs.existsSync(factsDirectoryOf(root, hex))) return true;
    return withLock(layersLock(root), { shared: false }, async () => {
      const hidden = hiddenName(layersDirectory(root), hex);
      if (await renamed(tree, hidden, ['ENOENT'])) {
        if (isUsed()) {
          await fs.promises.rename(hidden, tree);
          return false;
        }
        const doomed = temporaryName(layersDirectory(root));
        await fs.promises.rename(hidden, doomed);
        await forgetLayer(root, hex);
        await native().removeTrees({ paths: [doomed] });
      }
      await removeWhole(factsDirectoryOf(root, hex), layerFactsDirectory(root));
      return true;
    });
  });
}

async function removeWhole(directory: string, parent: string): Promise<void> {
  const doomed = temporaryName(parent);
  if (await renamed(directory, doomed, ['ENOENT'])) await native().removeTrees({ paths: [doomed] });
}

/** @throws SkiffError INVALID_ARGUMENT for what is no digest */
export function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined)
    throw invalidArgument(`read-only layer: ${digest}: a digest is sha256: and 64 digits`);
  return hex;
}

/** Where a layer of that digest is, or would be. */
export function layerOf(root: string, hex: string): ReadOnlyLayer {
  return { digest: `sha256:${hex}`, path: path.join(layersDirectory(root), hex) };
}

function statTar(tar: string): fs.BigIntStats {
  const stat = fs.statSync(tar, { bigint: true });
  if (!stat.isFile())
    throw workspaceError('read-only layer', tar, 'not a regular file', { code: 'BROKEN_TAR' });
  return stat;
}

function mismatch(expected: string, hex: string): SkiffError {
  return new SkiffError(`digest mismatch: it should be ${expected}, it is sha256:${hex}`, {
    code: 'DIGEST_MISMATCH',
  });
}

/** The reason in words that name the file and, where it is about one, the entry. */
function tarError(root: string, tar: string, error: unknown): SkiffError {
  const code = errorCode(error) ?? 'BROKEN_TAR';
  const prefix = code === 'BROKEN_TAR' && !SkiffError.is(error) ? 'broken tar: ' : '';
  return workspaceError('unpack', tar, `${prefix}${errorMessage(error)}`, {
    code,
    cause: error,
    ...(isFull(error) && { remedy: fullRemedy(layersDirectory(root)) }),
    ...(SkiffError.is(error) && error.remedy !== undefined && { remedy: error.remedy }),
  });
}

/** Remove what was unpacked so far and report; both errors where that fails too. */
async function discard(temporaries: string[], error: SkiffError): Promise<never> {
  try {
    await native().removeTrees({ paths: temporaries });
  } catch (second) {
    throw new SkiffError(`${error.message}; and cleaning up failed: ${errorMessage(second)}`, {
      code: error.code,
      path: error.path,
      step: error.step,
      cause: new AggregateError([error, second]),
    });
  }
  throw error;
}

/** rename(2) of a directory; false where it fails with one of the `expected` codes. */
async function renamed(from: string, to: string, expected: string[]): Promise<boolean> {
  try {
    await fs.promises.rename(from, to);
    return true;
  } catch (error) {
    if (expected.includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
