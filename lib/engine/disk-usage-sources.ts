import { Catalog } from './catalog';
import type { DiskUsageSources } from './disk-usage';

/** Whom to ask what lies below a root. */
export function diskUsageSources({ root }: { root?: string }): DiskUsageSources {
  const catalog = new Catalog({ root });
  return { containers: () => catalog.list() };
}
