import type { Kind } from '../runtime/ahead/container-ahead';
import type { PlannedIds } from '../runtime/ids';
import type { CompiledSpec } from '../spec/compiled';
import { toTimeout } from '../spec/options';
import type { StorageDriver } from '../workspace';
import type { RootSource } from './images';
import type { StartOptions } from './options';

/** What a start is made of, as far as another one can have use for what is made alike. */
export interface KindInput {
  options: StartOptions;
  source: RootSource;
  driver: StorageDriver;
  ids: PlannedIds | undefined;
  spec: CompiledSpec;
}

/** What can be made ahead of such a start; undefined where nothing can. */
export function kindOf({ options, source, driver, ids, spec }: KindInput): Kind | undefined {
  const wanted = ids && 'wanted' in ids ? ids.wanted : undefined;
  if (ids && !wanted) return undefined;
  if (!driver.canPrepare || !isOrdinary(options)) return wanted && { ids: wanted };
  const parts = {
    driver,
    layers: source.layers,
    areLayersFixed: source.stored,
    resources: spec.resources,
    limits: spec.limits,
    ...countersOf(options),
  };
  return { ids: wanted, parts };
}

/** What is to be counted of a container that is not limited. */
export function countersOf({ usage, cpuTime }: StartOptions): { usage: boolean; cpuTime: boolean } {
  return { usage: usage ?? true, cpuTime: toTimeout(cpuTime) !== undefined };
}

/**
 * Another one is likely to be made like it, and its directory can be left to that. With a name, it is made in two steps; a
 * command with more rights could leave it so that nobody can empty it.
 */
function isOrdinary({ keep, name, storageOpt, privileged, capAdd }: StartOptions): boolean {
  return !(keep || name !== undefined || storageOpt?.size !== undefined || privileged || capAdd?.length);
}
