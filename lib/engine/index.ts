export { Skiff, initPath, type OpenOptions } from './skiff';
export type * from './options';
