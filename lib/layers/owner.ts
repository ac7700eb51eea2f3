import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../common/errors';
import { identify, isAlive, type ProcessIdentity } from '../common/identity';
import { native } from '../native';

/** Directories under construction; what a killed process left of them is nobody's. */
const TEMPORARY = '.tmp-';
/** The same for a driver's trial, which may have a mount in it, at {@link PROBE_MOUNT}. */
const PROBE = '.probe-';
/** Directories that are out of sight for a moment, and whole: where their process is killed, they come back. */
const HIDDEN = '.hidden-';

const PREFIXES = { temporary: TEMPORARY, probe: PROBE, hidden: HIDDEN };

/** Where a trial mounts, below its directory. */
export const PROBE_MOUNT = path.join('container', 'mnt');

/** A new name in `directory` that tells who is at work there. Nothing is made. */
export function temporaryName(directory: string, kind: keyof typeof PREFIXES = 'temporary'): string {
  const { bootId: boot, pidNamespace, pid, startTime } = ourselves();
  const prefix = PREFIXES[kind];
  const unique = native().randomId().slice(0, 12);
  return path.join(directory, `${prefix}${boot}.${pidNamespace}.${pid}.${startTime}.${unique}`);
}

/**
 * Remove what processes that are dead now left in `directory`, judged by pid, start time and boot. Names of a pid
 * namespace other than ours can not be judged within one boot, and stay.
 */
export async function removeLeftovers(directory: string): Promise<void> {
  const names = await fs.promises.readdir(directory);
  const dead = names
    .filter(name => isLeftover(name, [TEMPORARY, PROBE]))
    .map(name => path.join(directory, name));
  const probes = dead.filter(file => path.basename(file).startsWith(PROBE));
  for (const probe of probes) await native().unmount({ target: path.join(probe, PROBE_MOUNT) });
  if (dead.length > 0) await native().removeTrees({ paths: dead });
}

/**
 * The same in a directory of anybody's: plain files alone, since what looks like a trial there may be somebody's trap. A
 * directory that cannot be listed, or a file that cannot be removed, is let be.
 */
export async function removeLeftoverFiles(directory: string): Promise<void> {
  const entries = await fs.promises.readdir(directory, { withFileTypes: true }).catch(() => []);
  const dead = entries.filter(entry => entry.isFile() && isLeftover(entry.name, [TEMPORARY]));
  await Promise.allSettled(dead.map(({ name }) => fs.promises.unlink(path.join(directory, name))));
}

/** A new name in `directory` for what is there as `name`, out of sight. */
export function hiddenName(directory: string, name: string): string {
  return `${temporaryName(directory, 'hidden')}.${name}`;
}

/** What processes that are dead now left out of sight: where it is, and its name. */
export async function leftHidden(directory: string): Promise<{ hidden: string; name: string }[]> {
  const names = await fs.promises.readdir(directory);
  return names
    .filter(name => isLeftover(name, [HIDDEN]))
    .map(name => ({ hidden: path.join(directory, name), name: name.slice(name.lastIndexOf('.') + 1) }));
}

/** A file without a name, for reading and writing: it has none before it has content, so nothing can be left of it. */
export async function openNameless(directory: string): Promise<fs.promises.FileHandle> {
  const file = temporaryName(directory);
  const handle = await fs.promises.open(file, 'wx+', 0o600);
  await fs.promises.rm(file);
  return handle;
}

function isLeftover(name: string, prefixes: string[]): boolean {
  const prefix = prefixes.find(start => name.startsWith(start));
  if (prefix === undefined) return false;
  const [bootId, pidNamespace, pid, startTime] = name.slice(prefix.length).split('.');
  if (bootId === undefined || pidNamespace === undefined || startTime === undefined) return false;
  return !isAlive({ bootId, pidNamespace, pid: Number(pid), startTime: Number(startTime) });
}

function ourselves(): ProcessIdentity {
  const identity = identify(process.pid);
  if (identity === undefined)
    throw new SkiffError('/proc does not show this process', { code: 'ENOENT', path: '/proc' });
  return identity;
}
