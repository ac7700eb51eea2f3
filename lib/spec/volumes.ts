import path from 'node:path';
import { invalidArgument } from '../common/errors';
import type { Mount } from './types';

/** Modes that `-v` can have, by what they exclude each other from, each as an option of the spec; '' is none. */
const MODES: Record<string, { group: string; option: string }> = {
  rw: { group: 'write', option: '' },
  ro: { group: 'write', option: 'ro' },
  rbind: { group: 'bind', option: 'rbind' },
  bind: { group: 'bind', option: 'bind' },
  rprivate: { group: 'propagation', option: '' },
  private: { group: 'propagation', option: '' },
  // For SELinux, which skiff does not use.
  z: { group: 'label', option: '' },
  Z: { group: 'label', option: '' },
};

/** Of a mount without a mode: one for all, since there may be thousands. */
const PLAIN_MODE = ['rbind', 'rprivate'];

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/**
 * Bind mounts: `/host:/container[:mode,...]` as Docker has them; the host's path may begin with `.` instead. Whether it is
 * there is not looked at.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function bindMounts(texts: readonly string[]): Mount[] {
  return texts.map(bindMount);
}

/** The same texts with paths that do not depend on the working directory any more. */
export function absoluteVolumes(texts: readonly string[]): string[] {
  return texts.map(text => {
    const colon = text.indexOf(':');
    return text.startsWith('.') && colon > 0
      ? `${path.resolve(text.slice(0, colon))}${text.slice(colon)}`
      : text;
  });
}

function bindMount(text: string): Mount {
  const first = text.indexOf(':');
  const second = text.indexOf(':', first + 1);
  const host = text.slice(0, Math.max(first, 0));
  const container = second < 0 ? text.slice(first + 1) : text.slice(first + 1, second);
  const mode = second < 0 ? undefined : text.slice(second + 1);
  if (!host || !container || mode?.includes(':')) {
    throw invalidArgument(`invalid volume specification: '${text}'`, {
      remedy: 'Use /host:/container or /host:/container:ro; a path with a colon in it cannot be given.',
    });
  }
  const options = mode === undefined ? PLAIN_MODE : toOptions(mode);
  return {
    destination: toDestination(container),
    type: 'bind',
    source: toSource(host),
    options,
  };
}

function toSource(host: string): string {
  if (host.startsWith('/') || host.startsWith('.')) return plain(host);
  if (NAME.test(host)) {
    throw invalidArgument(`no such volume: ${host}`, {
      remedy: `There are no named volumes yet. For a directory give its path, such as ./${host}.`,
    });
  }
  throw invalidArgument(`"${host}" includes invalid characters for a local volume name`, {
    remedy: 'For a directory of the host use an absolute path, or one that begins with a dot.',
  });
}

/**
 * Where in the container something is mounted.
 *
 * @returns the path made plain
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toDestination(given: string): string {
  if (!given.startsWith('/')) {
    throw invalidArgument(`invalid mount path: '${given}' mount path must be absolute`);
  }
  const destination = plain(given);
  if (destination === '/') throw invalidArgument("invalid specification: destination can't be '/'");
  return destination;
}

/** Without `.`, `..` and double slashes. Thousands of mounts can be asked for, and few of them need a rewrite. */
function plain(given: string): string {
  const isPlain =
    given.startsWith('/') && !given.includes('/.') && !given.includes('//') && !given.endsWith('/');
  return isPlain ? given : path.resolve(given);
}

function toOptions(mode: string): string[] {
  const groups = new Map<string, string>();
  for (const word of mode.split(',')) {
    const known = Object.hasOwn(MODES, word) ? MODES[word] : undefined;
    if (!known || groups.has(known.group)) throw invalidArgument(`invalid mode: ${mode}`);
    groups.set(known.group, known.option);
  }
  const writing = groups.get('write');
  return [groups.get('bind') ?? 'rbind', 'rprivate', ...(writing ? [writing] : [])];
}

/**
 * What the user asked to be mounted, in the order in which each is seen: what is mounted at `/a` would hide what is
 * mounted at `/a/b` before it.
 *
 * @throws SkiffError INVALID_ARGUMENT for a destination that is given twice
 */
export function inOrder(mounts: readonly Mount[]): Mount[] {
  const seen = new Set<string>();
  for (const { destination } of mounts) {
    if (seen.has(destination)) throw invalidArgument(`Duplicate mount point: ${destination}`);
    seen.add(destination);
  }
  const byDepth: Mount[][] = [];
  for (const mount of mounts) (byDepth[depthOf(mount.destination)] ??= []).push(mount);
  // Of the depths that nothing is at there is no list.
  return byDepth.flat();
}

function depthOf(path: string): number {
  let depth = 0;
  for (let slash = -1; (slash = path.indexOf('/', slash + 1)) >= 0;) depth += 1;
  return depth;
}
