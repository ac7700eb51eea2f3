import type { VolumeFilters, VolumeInfo } from '../engine/volumes';
import { invalidFilterValue, groupFilters, type Filter } from './filters';
import type { Listing } from './listing';

/** What `volume ls --filter` knows. */
export const VOLUME_FILTERS = ['dangling', 'driver', 'label', 'name'] as const;

/** What `volume prune --filter` knows. */
export const VOLUME_PRUNE_FILTERS = ['all', 'label', 'label!'] as const;

/** What `volume ls` can show. */
export const volumeListing: Listing = {
  heads: {
    Availability: 'AVAILABILITY',
    Driver: 'DRIVER',
    Group: 'GROUP',
    Label: (name: string) => name,
    Labels: 'LABELS',
    Links: 'LINKS',
    Mountpoint: 'MOUNTPOINT',
    Name: 'VOLUME NAME',
    Scope: 'SCOPE',
    Size: 'SIZE',
    Status: 'STATUS',
  },
  columns: ['Driver', 'Name'],
};

/** A volume as `volume ls` tells it, with the fields of Docker's; what only its plugins and `system df` tell is N/A. */
export class VolumeRow {
  readonly Availability = 'N/A';
  readonly Driver: string;
  readonly Group = 'N/A';
  readonly Labels: string;
  readonly Links = 'N/A';
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Scope: string;
  readonly Size = 'N/A';
  readonly Status = 'N/A';
  readonly Label: (name: string) => string;

  constructor({ name, driver, scope, mountpoint, labels }: VolumeInfo) {
    this.Name = name;
    this.Driver = driver;
    this.Scope = scope;
    this.Mountpoint = mountpoint;
    this.Labels = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    this.Label = key => labels[key] ?? '';
  }
}

/** A volume as `volume inspect` tells it, in Docker's words. */
export function dockerVolume(volume: VolumeInfo): object {
  const { name, driver, scope, mountpoint, created, labels, options } = volume;
  const orNull = (texts: Record<string, string>) => (Object.keys(texts).length === 0 ? null : texts);
  return {
    CreatedAt: `${new Date(created).toISOString().slice(0, 19)}Z`,
    Driver: driver,
    Labels: orNull(labels),
    Mountpoint: mountpoint,
    Name: name,
    Options: orNull(options),
    Scope: scope,
  };
}

/** @throws SkiffError INVALID_FILTER, exit code 1, in Docker's words */
export function toVolumeFilters(filters: readonly Filter[]): VolumeFilters {
  const groups = groupFilters(filters, VOLUME_FILTERS);
  return {
    dangling: toBoolean('dangling', groups.get('dangling')),
    driver: groups.get('driver'),
    label: groups.get('label'),
    name: groups.get('name'),
  };
}

/** @throws SkiffError INVALID_FILTER, exit code 1, in Docker's words */
export function toVolumePruneFilters(filters: readonly Filter[]): VolumeFilters & { all?: boolean } {
  const groups = groupFilters(filters, VOLUME_PRUNE_FILTERS);
  return {
    all: toBoolean('all', groups.get('all')),
    label: groups.get('label'),
    withoutLabel: groups.get('label!'),
  };
}

function toBoolean(key: string, values: readonly string[] | undefined): boolean | undefined {
  const value = values?.at(-1);
  if (value === undefined) return undefined;
  if (/^(1|true)$/i.test(value)) return true;
  if (/^(0|false)$/i.test(value)) return false;
  throw invalidFilterValue(key, value, 'It is true or false.');
}
