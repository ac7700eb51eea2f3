export { initPath } from './checks';
export { DEFAULT_ROOT } from './root';
export type { OpenOptions } from './opening';
export { Skiff } from './skiff';
export { Pool } from './pool';
export type * from './options';
