import { applyChanges } from './changes';
import { thisArchitecture, type ImageConfigFile } from './config';
import { taggedName } from './reference';
import type { StoredImage } from './catalog';
import type { ImageStore } from './store';
import type { ByteSource } from '../layers/byte-source';

/** What is made of an imported tar. */
export interface ImportOptions {
  /** A name for the image, `name` or `name:tag`. */
  ref?: string;
  /** Dockerfile instructions: `CMD ["sh"]`, `ENV a=b`. */
  changes?: readonly string[];
  /** Of the image's one step. */
  message?: string;
  /** Bytes of the uncompressed archive at most; 64 GiB where not given. */
  maxBytes?: number;
  /** Aborting leaves nothing. */
  signal?: AbortSignal;
}

/**
 * Make an image of one layer out of the tar of a root file system, plain or compressed.
 *
 * @param name of the archive, for messages and the history
 * @throws SkiffError as {@link ImageStore.addLayer}; INVALID_REFERENCE, INVALID_ARGUMENT before anything is read
 */
export async function importImage(
  store: ImageStore,
  { source, name }: { source: ByteSource; name: string },
  options: ImportOptions = {},
): Promise<StoredImage> {
  const { ref, changes = [], message = `Imported from ${name}`, maxBytes, signal } = options;
  if (ref !== undefined) taggedName(ref);
  const defaults = applyChanges({}, changes);
  return store.adding(async () => {
    const { diffId } = await store.addLayer(source, { name, maxBytes, signal });
    const created = new Date().toISOString();
    const config: ImageConfigFile = {
      created,
      architecture: thisArchitecture(),
      os: 'linux',
      config: defaults,
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created, comment: message }],
    };
    return store.addImage({ config: JSON.stringify(config), refs: ref === undefined ? [] : [ref] });
  });
}
