export {
  createMountPoint,
  createWriteLayer,
  deleteMountPoint,
  deleteWriteLayer,
  ensureWriteLayer,
  workspaceFailure,
} from './container';
export { Descriptors, withDescriptors } from './descriptors';
export { createReadOnlyLayer, deleteReadOnlyLayer, type ReadOnlyLayer } from '../layers/layer';
export { checkRootLength, containerPaths, type ContainerPaths } from './paths';
export { receiveTar, type Owner, type ReceiveOptions } from './receive';
export { selectDriver, storageDrivers } from './select';
export { tarTree, treeChanges, type OpenTree, type TreeSubject } from './tar-tree';
export {
  DRIVER_NAMES,
  type DriverCheck,
  type FileSystemOptions,
  type MountOptions,
  type StorageDriver,
  type StorageDriverName,
} from './types';
export { comparison, completeFiles, openFiles, openStopped, type ContainerFiles } from './views';
