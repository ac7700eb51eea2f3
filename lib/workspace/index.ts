export {
  createMountPoint,
  createWriteLayer,
  deleteMountPoint,
  deleteWriteLayer,
  workspaceFailure,
} from './container';
export { createReadOnlyLayer, deleteReadOnlyLayer, type ReadOnlyLayer } from '../layers/layer';
export { checkRootLength, containerPaths, type ContainerPaths } from './paths';
export { selectDriver, storageDrivers } from './select';
export {
  DRIVER_NAMES,
  type DriverCheck,
  type FileSystemOptions,
  type MountOptions,
  type StorageDriver,
  type StorageDriverName,
} from './types';
