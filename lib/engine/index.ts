export { DEFAULT_ROOT, Skiff, initPath, type OpenOptions } from './skiff';
export type * from './options';
