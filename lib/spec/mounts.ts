import { invalidArgument } from '../common/errors';
import { parseSize } from '../common/units';
import { toDestination } from './destination';
import type { Mount, Spec } from './types';

/** The file systems every container has, in the order they are mounted; the root is there already. */
export function defaultMounts(): Mount[] {
  return [
    mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
    mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
  ];
}

/**
 * Give /dev/shm another size than 64 MiB; 0 leaves it, as in Docker.
 *
 * @param size bytes, or text such as `128m`
 * @throws SkiffError INVALID_ARGUMENT
 */
export function setShmSize(spec: Spec, size: number | string | undefined): void {
  const bytes = typeof size === 'string' ? parseSize(size) : (size ?? 0);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw invalidArgument(`SHM size can not be less than 0`);
  if (bytes === 0) return;
  const shm = spec.mounts.find(({ destination }) => destination === '/dev/shm');
  if (shm)
    shm.options = [...(shm.options ?? []).filter(option => !option.startsWith('size=')), `size=${bytes}`];
}

function mount(destination: string, type: string, options: string[]): Mount {
  return { destination, type, source: type, options };
}

/** Flags a tmpfs can be given, each with those that it takes the place of. */
const FLAG_PAIRS = [
  ['rw', 'ro'],
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['async', 'sync'],
  ['atime', 'noatime', 'relatime', 'norelatime', 'strictatime', 'nostrictatime'],
  ['diratime', 'nodiratime'],
];

/** Values of tmpfs(5) that Docker lets pass, and how they look. */
const VALUES: Record<string, RegExp> = {
  size: /^\d+[kmgtpe%]?$/i,
  nr_blocks: /^\d+[kmgtpe]?$/i,
  nr_inodes: /^\d+[kmgtpe]?$/i,
  mode: /^[0-7]{1,5}$/,
  uid: /^\d{1,10}$/,
  gid: /^\d{1,10}$/,
  mpol: /^[a-z0-9:=,-]+$/,
};

/**
 * `--tmpfs` mounts: `/path` or `/path:options`. Docker's defaults are `rw,noexec,nosuid,nodev`; a flag given takes
 * the place of the default that it contradicts.
 *
 * @throws SkiffError INVALID_ARGUMENT for a path that is not absolute, and for unknown options
 */
export function tmpfsMounts(texts: readonly string[]): Mount[] {
  return texts.map(tmpfsMount);
}

function tmpfsMount(text: string): Mount {
  const colon = text.indexOf(':');
  const given = colon === -1 ? text : text.slice(0, colon);
  const destination = toDestination(given);
  const options =
    colon === -1
      ? []
      : text
          .slice(colon + 1)
          .split(',')
          .filter(Boolean);
  return mount(destination, 'tmpfs', mergeOptions(['rw', 'noexec', 'nosuid', 'nodev'], options));
}

/** Later options win: over the same value, and over the flags of their own group. */
function mergeOptions(defaults: string[], given: string[]): string[] {
  const merged = new Map(defaults.map(flag => [groupOf(flag), flag]));
  for (const option of given) {
    const group = groupOf(option);
    merged.delete(group);
    merged.set(group, option);
  }
  return [...merged.values()];
}

function groupOf(option: string): string {
  const pair = FLAG_PAIRS.find(flags => flags.includes(option));
  if (pair) return pair[0]!;
  const equals = option.indexOf('=');
  const name = equals === -1 ? option : option.slice(0, equals);
  const shape = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
  if (equals === -1 || !shape?.test(option.slice(equals + 1))) {
    throw invalidArgument(`invalid tmpfs option ${JSON.stringify(option)}`);
  }
  return name;
}
