import { treeSize } from '../volumes';
import { Catalog } from './catalog';
import type { DiskUsageSources, ImageUsage, VolumeUsage } from './disk-usage';
import { Images } from './images';
import type { ContainerInfo } from './info';
import { Volumes } from './volumes';

/** Whom to ask what lies below a root. */
export function diskUsageSources({ root }: { root?: string }): DiskUsageSources {
  const catalog = new Catalog({ root });
  return {
    containers: () => catalog.list(),
    images: () => imageUsage(new Images({ root })),
    volumes: async () => volumeUsage(new Volumes({ root }), await catalog.list()),
  };
}

async function imageUsage(images: Images): Promise<ImageUsage[]> {
  const [all, sizes] = await Promise.all([images.list(), images.store.layerSizes()]);
  const owners = new Map<string, number>();
  for (const layer of all.flatMap(({ layers }) => [...new Set(layers)])) {
    owners.set(layer, (owners.get(layer) ?? 0) + 1);
  }
  return all.map(({ id, refs, created, size, containers, layers }) => {
    const own = layers.filter(layer => owners.get(layer) === 1);
    const uniqueSize = own.reduce((bytes, layer) => bytes + (sizes.get(layer) ?? 0), 0);
    return { id, names: refs, created, size, uniqueSize, containers };
  });
}

/** What stands on the host for a volume is not the root's. */
async function volumeUsage(volumes: Volumes, containers: readonly ContainerInfo[]): Promise<VolumeUsage[]> {
  const usage: VolumeUsage[] = [];
  for (const { name, mountpoint, options } of await volumes.list()) {
    const users = containers.filter(({ mounts }) =>
      mounts.some(mount => mount.type === 'volume' && mount.name === name),
    );
    const size = options.device === undefined ? await treeSize(mountpoint) : 0;
    usage.push({ name, size, containers: users.length });
  }
  return usage;
}
