export { appendEvent, type SkiffEvent } from './events';
export type { EventFilters } from './event-filter';
export { readEvents, type EventOptions } from './event-reader';
export type { IdSupply, WantedIds } from './id-pool';
export { statePaths } from './paths';
export {
  RECORD_VERSION,
  type ContainerRecord,
  type ContainerState,
  type ContainerStatus,
  type RecordedMount,
} from './record';
export { ContainerStore, type FoundContainer } from './store';
