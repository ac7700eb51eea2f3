export { SkiffError, type SkiffErrorDetails } from './common/errors';
export { Pool, Skiff, type OpenOptions } from './engine';
export type {
  Container,
  CreateOptions,
  ExitResult,
  PoolOptions,
  PoolRunOptions,
  RunOptions,
  RunResult,
  StartOptions,
  StdioOption,
  Usage,
} from './engine/options';
export type { AttachedStreams, ManagedContainer } from './engine/managed-container';
export type { ContainerInfo } from './engine/info';
export type { PrunedVolumes, VolumeFilters, VolumeInfo, VolumeOptions, Volumes } from './engine/volumes';
export type { MountRequest } from './spec/mount-request';
export type { Word } from './spec/types';
