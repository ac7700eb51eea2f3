import bindings from 'bindings';
import path from 'node:path';
import { errorMessage, SkiffError } from '../common/errors';
import { packageRoot } from '../common/package';
import type { AheadNative } from './ahead';
import type { EngineNative } from './engine';
import type { ExecNative } from './exec';
import type { MonitorNative } from './monitor';
import { ADDON, hasNativeCode, nativeDirectory, platformName } from './location';
import type { FilesNative } from './files';
import type { ProcessNative } from './process';
import type { RemovalNative } from './removal';
import type { StartNative } from './start';
import type { TreesNative } from './trees';
import type { WorkspaceNative } from './workspace';

export type * from './ahead';
export type * from './engine';
export type * from './exec';
export type * from './monitor';
export type * from './files';
export type * from './process';
export type * from './removal';
export type * from './start';
export type * from './trees';
export type * from './volumes';
export type * from './workspace';
export { INIT, nativeDirectory } from './location';

/** Everything the addon offers: few functions, one options object each. */
export interface NativeAddon extends AheadNative, EngineNative, ExecNative, FilesNative, MonitorNative {}
export interface NativeAddon
  extends ProcessNative, RemovalNative, StartNative, TreesNative, WorkspaceNative {}

let addon: NativeAddon | undefined;

/**
 * The addon, loaded at the first call: importing this module does no work. Where it is, location.ts decides.
 *
 * @throws SkiffError ENOENT where there is none for this machine, ERR_DLOPEN_FAILED where the machine refuses it
 */
export function native(): NativeAddon {
  return (addon ??= load(nativeDirectory()));
}

function load(directory: string): NativeAddon {
  try {
    const options = { bindings: ADDON, module_root: directory, try: [['module_root', 'bindings']] };
    return bindings(options) as NativeAddon;
  } catch (error) {
    throw cannotLoad(path.join(directory, ADDON), error);
  }
}

function cannotLoad(file: string, cause: unknown): SkiffError {
  const isThere = hasNativeCode();
  // The loader's text often begins with the file itself.
  const reason = isThere
    ? errorMessage(cause).replace(`${file}: `, '')
    : `the package brings none for ${platformName()}`;
  return new SkiffError(`cannot load the native code: ${file}: ${reason}`, {
    code: isThere ? 'ERR_DLOPEN_FAILED' : 'ENOENT',
    path: file,
    remedy: `Build it from source: node ${path.join(packageRoot(), 'scripts', 'build.js')}`,
    cause,
  });
}
