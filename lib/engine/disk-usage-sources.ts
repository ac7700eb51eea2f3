import { Catalog } from './catalog';
import type { DiskUsageSources, ImageUsage } from './disk-usage';
import { Images } from './images';
import { Volumes } from './volumes';

/** Whom to ask what lies below a root. */
export function diskUsageSources({ root }: { root?: string }): DiskUsageSources {
  const catalog = new Catalog({ root });
  const volumes = new Volumes({ root });
  return {
    containers: () => catalog.list(),
    images: () => imageUsage(new Images({ root })),
    volumes: () => volumes.usage(),
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
