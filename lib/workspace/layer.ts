import fs from 'node:fs';
import path from 'node:path';
import { invalidArgument, errorCode, errorMessage, SkiffError } from '../common/errors';
import { debugLog } from '../common/debug';
import { native } from '../native';
import { explain, workspaceError } from './errors';
import { removeLeftovers, temporaryName } from './owner';
import { checkPathLength, layersDirectory, tarIndexDirectory } from './paths';
import { forgetLayer, rememberedLayer, rememberLayer, tarKey } from './tar-index';

/** An unpacked tar. Nothing is ever written to it again. */
export interface ReadOnlyLayer {
  /** `sha256:` and the hash of the tar file's bytes. */
  digest: string;
  /** The directory with what the tar holds. */
  path: string;
}

/**
 * Have a tar (plain or gzipped) unpacked below `root`, once for its content: from the second call on this costs three
 * system calls. Processes may do so at the same time, and die at any moment: a layer is whole, or is not there.
 *
 * @param options.root skiff's root directory; made where it is missing
 * @param options.tar path of the tar
 * @throws SkiffError UNSAFE_TAR where an entry leads out of the layer, BROKEN_TAR, or an errno's name
 */
export async function createReadOnlyLayer({
  root,
  tar,
}: {
  root: string;
  tar: string;
}): Promise<ReadOnlyLayer> {
  return explain('read-only layer', tar, async () => {
    checkPathLength(path.join(layersDirectory(root), 'f'.repeat(64)));
    const known = rememberedLayer(root, tarKey(statTar(tar)));
    return layerOf(root, known ?? (await findOrUnpack(root, tar)));
  });
}

/**
 * Remove a layer; missing is fine. No container may be using it.
 *
 * @param options.digest `sha256:` and 64 hexadecimal digits
 */
export async function deleteReadOnlyLayer({ root, digest }: { root: string; digest: string }): Promise<void> {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined)
    throw invalidArgument(`read-only layer: ${digest}: a digest is sha256: and 64 digits`);
  const layer = layerOf(root, hex);
  await explain('delete read-only layer', layer.path, async () => {
    await forgetLayer(root, hex);
    const doomed = temporaryName(layersDirectory(root));
    if (await renamed(layer.path, doomed, ['ENOENT'])) await native().removeTrees({ paths: [doomed] });
  });
}

function layerOf(root: string, hex: string): ReadOnlyLayer {
  return { digest: `sha256:${hex}`, path: path.join(layersDirectory(root), hex) };
}

function statTar(tar: string): fs.BigIntStats {
  const stat = fs.statSync(tar, { bigint: true });
  if (!stat.isFile())
    throw workspaceError('read-only layer', tar, 'not a regular file', { code: 'BROKEN_TAR' });
  return stat;
}

async function findOrUnpack(root: string, tar: string): Promise<string> {
  const handle = await fs.promises.open(tar, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const before = await handle.stat({ bigint: true });
    // Loaded at need: a layer that is there already takes none of it.
    const { hashFile } = await import('./tar-reader');
    const hex = await hashFile(handle);
    if (!fs.existsSync(layerOf(root, hex).path)) await unpackOnce(root, tar, handle, hex);
    const after = await handle.stat({ bigint: true });
    if (tarKey(before) === tarKey(after)) await rememberLayer(root, after, hex);
    return hex;
  } finally {
    await handle.close();
  }
}

async function unpackOnce(
  root: string,
  tar: string,
  handle: fs.promises.FileHandle,
  hex: string,
): Promise<void> {
  const log = debugLog('workspace');
  const layers = layersDirectory(root);
  // Not for everybody: set-user-ID programs of an old image are in there.
  await fs.promises.mkdir(layers, { recursive: true, mode: 0o700 });
  await removeLeftovers(layers);
  if (fs.existsSync(tarIndexDirectory(root))) await removeLeftovers(tarIndexDirectory(root));
  const temporary = temporaryName(layers);
  await fs.promises.mkdir(temporary, { mode: 0o755 });
  try {
    log('unpacking %s as %s', tar, hex);
    const { unpackTar } = await import('./unpack');
    const read = await unpackTar(handle, temporary);
    if (read !== hex) throw new SkiffError('the file changed while it was read', { code: 'BROKEN_TAR' });
    // Without it a power loss could leave the name on the disk and not all of what is in it.
    await native().syncFileSystem({ path: temporary });
    if (await renamed(temporary, layerOf(root, hex).path, ['EEXIST', 'ENOTEMPTY'])) return;
    log('%s was unpacked by another process meanwhile', hex);
  } catch (error) {
    await discard(temporary, tarError(tar, error));
  }
  await native().removeTrees({ paths: [temporary] });
}

/** The reason in words that name the file and, where it is about one, the entry. */
function tarError(tar: string, error: unknown): SkiffError {
  const code = errorCode(error) ?? 'BROKEN_TAR';
  // zlib's codes begin so; tar-stream's errors have none.
  const isBroken = code === 'BROKEN_TAR' || code.startsWith('Z_');
  const prefix = isBroken && !SkiffError.is(error) ? 'broken tar: ' : '';
  return workspaceError('unpack', tar, `${prefix}${errorMessage(error)}`, {
    code: isBroken ? 'BROKEN_TAR' : code,
    cause: error,
  });
}

/** Remove what was unpacked so far and report; both errors where that fails too. */
async function discard(temporary: string, error: SkiffError): Promise<never> {
  try {
    await native().removeTrees({ paths: [temporary] });
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
