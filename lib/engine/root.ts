import os from 'node:os';
import path from 'node:path';
import { isRootless } from '../common/rootless';

/** Where root's images and containers are kept where nothing else is said. */
export const DEFAULT_ROOT = '/var/lib/skiff';

/** The same for everybody else: `$XDG_DATA_HOME/skiff`, https://specifications.freedesktop.org/basedir-spec/latest/. */
function userRoot(): string {
  const told = process.env.XDG_DATA_HOME;
  const data = told && path.isAbsolute(told) ? told : path.join(os.homedir(), '.local', 'share');
  return path.join(data, 'skiff');
}

/** The root directory that is meant: the one given, `SKIFF_ROOT`, or the usual one. Absolute. */
export function rootDirectory(given: string | undefined): string {
  // An empty variable is one that somebody has tried to unset, not the working directory.
  const told = given ?? (process.env.SKIFF_ROOT || undefined);
  return path.resolve(told ?? (isRootless() ? userRoot() : DEFAULT_ROOT));
}
