import type { ContainerUsage, ImageUsage, UsageSummary, VolumeUsage } from '../engine/disk-usage';
import { ContainerRow } from './container-rows';
import { decimalSize, humanDuration } from './human';
import type { Listing } from './listing';

/** The fields of `system df --format`, with Docker's names and heads. */
export const summaryListing: Listing = {
  heads: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

export function summaryRow({ type, total, active, size, reclaimable }: UsageSummary) {
  const share = size === 0 ? '' : ` (${Math.floor((reclaimable / size) * 100)}%)`;
  return {
    Active: String(active),
    Reclaimable: decimalSize(reclaimable, 4) + share,
    Size: decimalSize(size, 4),
    TotalCount: String(total),
    Type: type,
  };
}

export const containerUsageListing: Listing = {
  heads: {
    ID: 'CONTAINER ID',
    Image: 'IMAGE',
    Command: 'COMMAND',
    LocalVolumes: 'LOCAL VOLUMES',
    Size: 'SIZE',
    RunningFor: 'CREATED',
    Status: 'STATUS',
    Names: 'NAMES',
  },
  columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'],
};

export function containerUsageRow({ container, size }: ContainerUsage, now: number) {
  const row = new ContainerRow(container, { full: false, now });
  // The layers stand with the images.
  return { ...row.toJSON(), Size: decimalSize(size.writeLayer) };
}

export const imageUsageListing: Listing = {
  heads: {
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    ID: 'IMAGE ID',
    CreatedSince: 'CREATED',
    Size: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
    Containers: 'CONTAINERS',
  },
  columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
};

export function imageUsageRow(image: ImageUsage, now: number) {
  const [, repository = '<none>', tag = '<none>'] = /^(.*?)(?::([^:/]+))?$/.exec(image.names[0] ?? '') ?? [];
  return {
    Containers: String(image.containers),
    CreatedSince: `${humanDuration(now - image.created)} ago`,
    ID: image.id.replace(/^sha256:/, '').slice(0, 12),
    Repository: repository || '<none>',
    SharedSize: decimalSize(image.size - image.uniqueSize),
    Size: decimalSize(image.size),
    Tag: tag,
    UniqueSize: decimalSize(image.uniqueSize),
  };
}

export const volumeUsageListing: Listing = {
  heads: { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' },
  columns: ['Name', 'Links', 'Size'],
};

export function volumeUsageRow({ name, containers, size }: VolumeUsage) {
  return { Links: String(containers), Name: name, Size: decimalSize(size) };
}
