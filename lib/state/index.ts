export { appendEvent, type SkiffEvent } from './events';
export { statePaths } from './paths';
export {
  RECORD_VERSION,
  type ContainerRecord,
  type ContainerState,
  type ContainerStatus,
  type RecordedMount,
} from './record';
export { ContainerStore, type FoundContainer } from './store';
