import fs from 'node:fs';
import path from 'node:path';
import { errorCode, invalidArgument } from '../common/errors';
import { toDestination } from './destination';
import type { Device } from './types';

/** A device of the host, under a name in the container. */
export interface RequestedDevice extends Device {
  /** `r`, `w` and `m`: read, write, make nodes of it. */
  access: string;
}

/** File systems and links below /dev that each container has of its own. */
const OWN = new Set(['console', 'core', 'fd', 'mqueue', 'ptmx', 'pts', 'shm', 'stderr', 'stdin', 'stdout']);

/**
 * Devices as `--device` names them: `HOST[:CONTAINER[:rwm]]`. A directory stands for all devices in it.
 *
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function requestedDevices(texts: readonly string[]): RequestedDevice[] {
  return texts.flatMap(requestedDevice);
}

function requestedDevice(text: string): RequestedDevice[] {
  const [host = '', second, third, ...more] = text.split(':');
  const isAccess = (part: string) => /^[rwm]{1,3}$/.test(part);
  const short = third === undefined && second !== undefined && isAccess(second);
  const access = (short ? second : third) ?? 'rwm';
  if (!host || more.length > 0) throw invalidArgument(`invalid device specification: ${text}`);
  if (!isAccess(access)) throw invalidArgument(`invalid device mode: ${access}`);
  const source = path.resolve(host);
  const destination = toDestination(short ? source : second || source);
  return devicesAt(source).map(({ at, node }) => ({
    ...node,
    path: path.join(destination, path.relative(source, at)),
    hostPath: at,
    access,
  }));
}

function devicesAt(source: string): { at: string; node: Device }[] {
  const about = statOf(source);
  const nodes = about.isDirectory() ? nodesBelow(source) : [{ at: source, node: nodeOf(source, about) }];
  const found = nodes.flatMap(({ at, node }) => (node ? [{ at, node }] : []));
  if (found.length > 0) return found;
  throw gatheringFailed(source, 'not a device node');
}

/** Every device node of the host's /dev, as a privileged container has them. */
export function hostDevices(): Device[] {
  return nodesBelow('/dev').flatMap(({ node }) => (node ? [node] : []));
}

function nodesBelow(directory: string): { at: string; node: Device | undefined }[] {
  return fs.readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
    const at = path.join(directory, entry.name);
    if (directory === '/dev' && OWN.has(entry.name)) return [];
    if (entry.isDirectory()) return nodesBelow(at);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
    const about = fs.lstatSync(at, { throwIfNoEntry: false });
    return about ? [{ at, node: nodeOf(at, about) }] : [];
  });
}

function nodeOf(at: string, about: fs.Stats): Device | undefined {
  if (!about.isCharacterDevice() && !about.isBlockDevice()) return undefined;
  return {
    path: at,
    type: about.isBlockDevice() ? 'b' : 'c',
    ...numbersOf(about.rdev),
    fileMode: about.mode & 0o777,
    uid: about.uid,
    gid: about.gid,
  };
}

/** makedev(3): 12 bits of the major number stand between the two parts of the minor one. */
function numbersOf(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function statOf(source: string): fs.Stats {
  try {
    return fs.statSync(source);
  } catch (error) {
    const code = errorCode(error) ?? 'EIO';
    throw gatheringFailed(source, code === 'ENOENT' ? 'no such file or directory' : code);
  }
}

function gatheringFailed(source: string, reason: string) {
  return invalidArgument(
    `error gathering device information while adding custom device "${source}": ${reason}`,
  );
}
