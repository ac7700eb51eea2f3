import fs from 'node:fs';
import path from 'node:path';

/** A volume: a directory that outlives the containers which use it. */
export interface Volume {
  name: string;
  /** Milliseconds since the epoch. */
  created: number;
  labels: Record<string, string>;
  /** What it was created with; `device` with `o: bind` is a directory of the host that stands for it. */
  options: Record<string, string>;
  /** Made for a container, with a name that nobody chose. */
  anonymous: boolean;
  /** Path on the host of what it holds. */
  mountpoint: string;
}

/** What `volumes/<name>/meta.json` holds. */
interface VolumeMeta {
  version: typeof META_VERSION;
  driver: 'local';
  created: number;
  labels: Record<string, string>;
  options: Record<string, string>;
  anonymous: boolean;
}

const META_VERSION = 1;

/** Where what a volume holds lies below its own directory. */
export const DATA = '_data';
const META = 'meta.json';

/** Write it whole, into a directory that nobody else knows yet; on disk before it returns where `sync` says so. */
export function writeMeta(
  directory: string,
  { created, labels, options, anonymous }: Omit<Volume, 'name' | 'mountpoint'>,
  { sync }: { sync: boolean },
): void {
  const meta: VolumeMeta = { version: META_VERSION, driver: 'local', created, labels, options, anonymous };
  const fd = fs.openSync(path.join(directory, META), 'wx', 0o600);
  try {
    fs.writeFileSync(fd, `${JSON.stringify(meta)}\n`);
    if (sync) fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * The volume in a directory. What cannot be read of it is told as if it had not been given: what it holds is there.
 *
 * @returns undefined where there is none
 */
export function readVolume(volumes: string, name: string): Volume | undefined {
  const directory = path.join(volumes, name);
  const about = fs.lstatSync(directory, { throwIfNoEntry: false });
  if (!about?.isDirectory()) return undefined;
  const { created, labels, options, anonymous } = readMeta(path.join(directory, META));
  return {
    name,
    created: typeof created === 'number' ? created : about.ctimeMs,
    labels: textsOf(labels),
    options: textsOf(options),
    anonymous: anonymous === true,
    mountpoint: textsOf(options).device ?? path.join(directory, DATA),
  };
}

function readMeta(file: string): Partial<Record<keyof VolumeMeta, unknown>> {
  try {
    const meta: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    return typeof meta === 'object' && meta !== null ? meta : {};
  } catch {
    // Missing or spoilt by somebody's hand: it was whole when the volume got its name.
    return {};
  }
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
