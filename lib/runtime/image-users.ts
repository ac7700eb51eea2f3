import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import { forgottenIds } from '../image/forgotten';
import type { ImageUser } from '../image/store';
import type { ContainerStore } from '../state';

const debug = debugLog('images');

/** What the containers of a root have of its images. */
export function imageUsers(containers: ContainerStore): ImageUser[] {
  const users: ImageUser[] = [];
  for (const found of containers.list()) {
    if (found.kind !== 'record') continue;
    const { id, imageId, layers = [], status, state } = found.record;
    const running = !['created', 'exited'].includes(state?.status ?? status);
    users.push({ id, imageId, layers, running });
  }
  return users;
}

/**
 * Remove what stayed of images that were removed while containers had them, and no container has any more. Where it
 * cannot be done, the next command tries again.
 */
export async function sweepForgotten(containers: ContainerStore): Promise<void> {
  const { root } = containers;
  if (forgottenIds(root).length === 0) return;
  try {
    const [{ ImageStore }, { collectForgotten }] = await Promise.all([
      import('../image/store'),
      import('../image/remove'),
    ]);
    await collectForgotten(new ImageStore({ root, users: () => imageUsers(containers) }));
  } catch (error) {
    debug('images: %s', errorMessage(error));
  }
}
