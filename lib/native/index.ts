import bindings from 'bindings';
import type { ProcessNative } from './process';
import type { WorkspaceNative } from './workspace';

export type * from './process';
export type * from './workspace';

/** Everything the addon offers: few functions, one options object each. */
export interface NativeAddon extends ProcessNative, WorkspaceNative {}

/**
 * The addon, loaded at the first call: importing this module does no work.
 * `bindings` finds `build/Release/skiff.node` from the package's root and caches it per realm.
 */
export function native(): NativeAddon {
  return bindings('skiff') as NativeAddon;
}
