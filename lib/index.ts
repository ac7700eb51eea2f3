export { SkiffError, type SkiffErrorDetails } from './common/errors';
export { Skiff, type OpenOptions } from './engine';
export type {
  Container,
  ExitResult,
  RunOptions,
  RunResult,
  StartOptions,
  StdioOption,
  Usage,
} from './engine/options';
