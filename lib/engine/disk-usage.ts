import type { ContainerInfo } from './info';
import { isUp } from './select';
import { Sizes, type ContainerSize } from './sizes';

/** An image's share of the disk. */
export interface ImageUsage {
  id: string;
  /** `busybox:latest`; none of one that nobody names. */
  names: readonly string[];
  /** Milliseconds since the epoch. */
  created: number;
  /** Bytes of its layers. */
  size: number;
  /** Bytes of the layers that no other image has. */
  uniqueSize: number;
  /** Bytes of its layers, each counted with one image only: with one that is in use, where one is. */
  countedSize: number;
  /** Containers that were started from it. */
  containers: number;
}

export interface VolumeUsage {
  name: string;
  size: number;
  /** Containers that name it. */
  containers: number;
}

export interface ContainerUsage {
  container: ContainerInfo;
  size: ContainerSize;
}

/** What lies below a root. */
export interface DiskUsage {
  images?: ImageUsage[];
  containers: ContainerUsage[];
  volumes?: VolumeUsage[];
}

/** Where the parts of it are asked for. */
export interface DiskUsageSources {
  containers(): Promise<ContainerInfo[]>;
  images?(): Promise<ImageUsage[]>;
  volumes?(): Promise<VolumeUsage[]>;
}

/** Measure what lies below a root. */
export async function diskUsage(sources: DiskUsageSources): Promise<DiskUsage> {
  const sizes = new Sizes();
  const containers: ContainerUsage[] = [];
  for (const container of await sources.containers()) {
    containers.push({ container, size: await sizes.of(container) });
  }
  const [images, volumes] = await Promise.all([sources.images?.(), sources.volumes?.()]);
  return { ...(images && { images }), containers, ...(volumes && { volumes }) };
}

/** One kind of things in short. */
export interface UsageSummary {
  type: 'Images' | 'Containers' | 'Local Volumes';
  total: number;
  /** In use. */
  active: number;
  /** Bytes. */
  size: number;
  /** Bytes of what is not in use. */
  reclaimable: number;
}

/** What there is of each kind, and how much of it a prune would give back. */
export function summarize({ images, containers, volumes }: DiskUsage): UsageSummary[] {
  const ofContainers = containers.map(({ container, size }) => ({
    size: size.writeLayer,
    isActive: isUp(container),
  }));
  return [
    ...(images ? [summaryOf('Images', images.map(imageShare))] : []),
    summaryOf('Containers', ofContainers),
    ...(volumes
      ? [
          summaryOf(
            'Local Volumes',
            volumes.map(({ size, containers: users }) => ({ size, isActive: users > 0 })),
          ),
        ]
      : []),
  ];
}

/** A layer that an image in use has is not to be had back by removing others. */
function imageShare({ countedSize, containers }: ImageUsage) {
  return { size: countedSize, isActive: containers > 0 };
}

function summaryOf(
  type: UsageSummary['type'],
  parts: readonly { size: number; isActive: boolean }[],
): UsageSummary {
  const sum = (some: readonly { size: number }[]) => some.reduce((bytes, { size }) => bytes + size, 0);
  const idle = parts.filter(({ isActive }) => !isActive);
  return {
    type,
    total: parts.length,
    active: parts.length - idle.length,
    size: sum(parts),
    reclaimable: sum(idle),
  };
}
