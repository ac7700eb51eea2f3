import path from 'node:path';

/** Where images and containers are kept where nothing else is said. */
export const DEFAULT_ROOT = '/var/lib/skiff';

/** The root directory that is meant: the one given, `SKIFF_ROOT`, or the usual one. Absolute. */
export function rootDirectory(given: string | undefined): string {
  return path.resolve(given ?? process.env.SKIFF_ROOT ?? DEFAULT_ROOT);
}
