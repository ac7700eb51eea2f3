import { Catalog } from './catalog';
import type { DiskUsageSources } from './disk-usage';
import { Volumes } from './volumes';

/** Whom to ask what lies below a root. */
export function diskUsageSources({ root }: { root?: string }): DiskUsageSources {
  const catalog = new Catalog({ root });
  const volumes = new Volumes({ root });
  return { containers: () => catalog.list(), volumes: () => volumes.usage() };
}
