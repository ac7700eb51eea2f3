import bindings from 'bindings';
import { packageRoot } from '../common/package';
import type { MonitorNative } from './monitor';
import type { ProcessNative } from './process';
import type { StartNative } from './start';
import type { WorkspaceNative } from './workspace';

export type * from './monitor';
export type * from './process';
export type * from './start';
export type * from './volumes';
export type * from './workspace';

/** Everything the addon offers: few functions, one options object each. */
export interface NativeAddon extends ProcessNative, MonitorNative, StartNative, WorkspaceNative {}

let addon: NativeAddon | undefined;

/**
 * The addon, loaded at the first call: importing this module does no work.
 * `bindings` finds `build/Release/skiff.node` below the package's root.
 */
export function native(): NativeAddon {
  return (addon ??= bindings({ bindings: 'skiff', module_root: packageRoot() }) as NativeAddon);
}
