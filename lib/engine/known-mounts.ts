import type { RecordedMount } from '../state';
import { resolveMounts, type ContainerMounts, type MountContext, type MountOptions } from './mounts';

/**
 * What lists of volumes came to, for as long as their owners leave them as they are: to read a thousand of them takes as
 * long as to mount them. Whether what they name is there is looked at in each start.
 */
export class KnownMounts {
  private readonly known = new WeakMap<
    readonly string[],
    { texts: readonly string[]; mounts: ContainerMounts }
  >();

  /** As {@link resolveMounts}, with what is known already. */
  resolve(
    options: MountOptions,
    imageVolumes: readonly string[],
    context: MountContext,
    recorded?: readonly RecordedMount[],
  ): ContainerMounts | undefined {
    const list = recorded || imageVolumes.length > 0 ? undefined : onlyList(options);
    if (!list) return resolveMounts(options, imageVolumes, context, recorded);
    const known = this.known.get(list);
    if (known && areSame(known.texts, list)) return known.mounts.again();
    const mounts = resolveMounts(options, imageVolumes, context);
    if (mounts?.areBinds) this.known.set(list, { texts: [...list], mounts });
    return mounts;
  }
}

/** Undefined where the options ask for something else, too. */
function onlyList({ volumes, mounts = [], volumesFrom = [] }: MountOptions): readonly string[] | undefined {
  return mounts.length + volumesFrom.length === 0 ? volumes : undefined;
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}
