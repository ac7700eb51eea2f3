export type { TimeLike } from './common/time';
export type { Phase } from './common/trace';
export { SkiffError, type SkiffErrorDetails } from './common/errors';
export { Pool, Skiff, type OpenOptions } from './engine';
export type {
  CollectedFile,
  CollectOption,
  Container,
  CreateOptions,
  ExecDetachedOptions,
  ExecOptions,
  ExecProcess,
  ExecToEndOptions,
  ExitResult,
  InputFile,
  PoolOptions,
  PoolRunOptions,
  RunOptions,
  RunResult,
  StartOptions,
  StdioOption,
  Usage,
  Verdict,
} from './engine/options';
export type { StopOptions } from './engine/life';
export type { UpdateOptions } from './engine/amend';
export type { AttachedStreams, ManagedContainer } from './engine/managed-container';
export type { LogEntry, LogOptions, LogStream, LogText, LogTextOptions } from './logs';
export type { EventFilters, EventOptions, SkiffEvent } from './state';
export type { SystemInfo } from './engine/about';
export type { ContainerInfo } from './engine/info';
export type { Pruned, PruneFilters } from './engine/prune';
export type { ContainerStats, StatsOptions } from './engine/stats';
export type { VolumeFilters, VolumeInfo, VolumeOptions, Volumes } from './engine/volumes';
export type { MountRequest } from './spec/mount-request';
export type { Word } from './spec/types';
export type { ImageInfo, Images, LayerHistory } from './engine/images';
export type { ImageInput, ProgressOptions } from './engine/image-source';
export type { ImportOptions } from './image/import';
export type { LoadedImage, LoadOptions } from './image/load';
export type { PruneOptions, RemovedImage, RemoveImageOptions } from './image/remove';
export type { ArchiveFormat, SaveOptions } from './image/save';
export type { ImageConfigFile } from './image/config';
export type { StoredImage } from './image/catalog';
export type { FileChange } from './engine/changes';
export type { CommitOptions } from './engine/commit';
export type { Copied, CopiedOut, CopyOptions } from './engine/copy';
export type { FileAccess } from './engine/file-access';
