export { SkiffError, type SkiffErrorDetails } from './common/errors';
export { Pool, Skiff, type OpenOptions } from './engine';
export type {
  Container,
  ExitResult,
  PoolOptions,
  PoolRunOptions,
  RunOptions,
  RunResult,
  StartOptions,
  StdioOption,
  Usage,
} from './engine/options';
export type { ContainerInfo } from './engine/info';
export type { Word } from './spec/types';
export type { ImageInfo, Images, LayerHistory } from './engine/images';
export type { ProgressOptions } from './engine/image-source';
export type { ImportOptions } from './image/import';
export type { LoadedImage, LoadOptions } from './image/load';
export type { PruneOptions, RemovedImage, RemoveImageOptions } from './image/remove';
export type { ArchiveFormat, SaveOptions } from './image/save';
export type { StoredImage } from './image/store';
export type { FileChange } from './engine/changes';
export type { CommitOptions } from './engine/commit';
export type { Copied, CopiedOut, CopyOptions } from './engine/copy';
export type { FileAccess } from './engine/file-access';
