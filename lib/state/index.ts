export { statePaths } from './paths';
export { RECORD_VERSION, type ContainerRecord, type ContainerStatus } from './record';
export { ContainerStore, type FoundContainer } from './store';
