import fs from 'node:fs';
import { SkiffError } from '../common/errors';
import { isKnownImage } from '../image/forgotten';
import { noImageToRun } from '../image/tar-path';

/** Why a container cannot have these layers: one of them is gone. Undefined where all are there. */
export function missingLayer(layers: readonly string[]): SkiffError | undefined {
  const path = layers.find(layer => !fs.existsSync(layer));
  if (path === undefined) return undefined;
  return new SkiffError(`read-only layer: ${path}: it was removed, and the image that had it`, {
    code: 'LAYER_NOT_FOUND',
    path,
    step: 'workspace',
    remedy: 'Load or import the image again.',
  });
}

/**
 * Refuse layers that were removed since they were looked up. Where the container's record is there already, they stay
 * from then on.
 *
 * @throws SkiffError LAYER_NOT_FOUND
 */
export function requireLayers(layers: readonly string[]): void {
  const missing = missingLayer(layers);
  if (missing) throw missing;
}

/**
 * The same for the image that a container is made of: it could not be started again.
 *
 * @throws SkiffError IMAGE_NOT_FOUND
 */
export function requireImage(root: string, { image, imageId }: { image: string; imageId?: string }): void {
  if (imageId !== undefined && !isKnownImage(root, imageId.replace('sha256:', ''))) throw noImageToRun(image);
}
