export { initPath } from './checks';
export { DEFAULT_ROOT } from './root';
export { Skiff, type OpenOptions } from './skiff';
export { Pool } from './pool';
export type * from './options';
