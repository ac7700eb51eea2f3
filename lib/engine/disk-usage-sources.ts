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
  const counted = new Set<string>();
  // Those in use first, so that a layer is counted with one of them.
  const ordered = [...all].sort((one, other) => Number(other.containers > 0) - Number(one.containers > 0));
  const countedSizes = new Map(
    ordered.map(({ id, layers }) => {
      const first = [...new Set(layers)].filter(layer => !counted.has(layer));
      for (const layer of first) counted.add(layer);
      return [id, sumOf(first, sizes)];
    }),
  );
  return all.map(({ id, refs, created, size, containers, layers }) => {
    const own = layers.filter(layer => owners.get(layer) === 1);
    const countedSize = countedSizes.get(id) ?? 0;
    return { id, names: refs, created, size, uniqueSize: sumOf(own, sizes), countedSize, containers };
  });
}

function sumOf(layers: readonly string[], sizes: ReadonlyMap<string, number>): number {
  return layers.reduce((bytes, layer) => bytes + (sizes.get(layer) ?? 0), 0);
}
