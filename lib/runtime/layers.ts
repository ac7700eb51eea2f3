import fs from 'node:fs';
import { SkiffError } from '../common/errors';

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
