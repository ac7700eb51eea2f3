import type { ByteName } from './tar-names';

/**
 * How a layer's tree says that something of the layers below is gone. `overlay`: a 0:0 character device, and the
 * attribute `trusted.overlay.opaque`, as overlayfs has them (the copying driver reads them too); `aufs`: files named as
 * in archives, which aufs(5) takes as they are.
 */
export type WhiteoutForm = 'overlay' | 'aufs';

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** What aufs keeps for itself in a branch; it says nothing of the files. */
const PRIVATE = '.wh..wh.';

/** What an entry of an archive says of the layers below, by the OCI image spec's layer.md, "Whiteouts". */
export type Whiteout = { kind: 'whiteout' | 'opaque'; name: ByteName } | { kind: 'private' };

/** @returns undefined for the name of a file like any other */
export function whiteoutOf(name: ByteName): Whiteout | undefined {
  const slash = name.lastIndexOf('/');
  if (!name.startsWith(PREFIX, slash + 1)) return undefined;
  const base = name.slice(slash + 1);
  if (base === OPAQUE) return { kind: 'opaque', name: name.slice(0, Math.max(slash, 0)) };
  if (base.startsWith(PRIVATE)) return { kind: 'private' };
  const hidden = base.slice(PREFIX.length);
  // The prefix alone hides nothing that a name could have.
  return hidden === '' || hidden === '.' || hidden === '..'
    ? { kind: 'private' }
    : { kind: 'whiteout', name: name.slice(0, slash + 1) + hidden };
}
