/**
 * What commands need that look at what is there and start nothing: one file of the bundle, beside the engine's. Name by
 * name: what `export *` leads to is loaded at once, all of it.
 */
export { version } from './about';
export { Catalog } from './catalog';
export { diskUsage, summarize, type DiskUsage } from './disk-usage';
export { diskUsageSources } from './disk-usage-sources';
export { writeAll } from './image-output';
export { Images } from './images';
export { namesOf } from './names';
export {
  CONTAINER_STATES,
  dockerState,
  selectContainers,
  type ContainerFilters,
  type DockerState,
} from './select';
export { optimizeNothing } from './short-lived';
export { Sizes } from './sizes';
export { watchStats } from './stats';
export { describeProcesses } from './top';
export { Volumes } from './volumes';
