import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { detectCgroups } from '../cgroup';
import { packageRoot } from '../common/package';
import type { ContainerInfo } from './info';

/** Version of the OCI runtime specification that containers are made by. */
export const OCI_VERSION = '1.2.0';

/** What this skiff is, and on what it runs. */
export interface Version {
  version: string;
  ociVersion: string;
  nodeVersion: string;
  os: string;
  /** Go's name of it: `amd64`. */
  architecture: string;
  kernelVersion: string;
}

export function version(): Version {
  const file = path.join(packageRoot(), 'package.json');
  const { version: own } = JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string };
  return {
    version: own,
    ociVersion: OCI_VERSION,
    nodeVersion: process.version,
    os: 'linux',
    architecture: goArchitecture(),
    kernelVersion: os.release(),
  };
}

/** Of this machine and of a root's containers. */
export interface SystemInfo extends Version {
  /** How many; `stopped` are all that neither run nor are paused. */
  containers: { all: number; running: number; paused: number; stopped: number };
  /** Undefined where it is not known. */
  images?: number;
  /** Where they are kept. */
  root: string;
  /** Of storage: `overlay`. */
  driver: string;
  /** `v1`, `v2`, `hybrid` or `none`. */
  cgroupMode: string;
  /** `Debian GNU/Linux 12 (bookworm)` */
  operatingSystem: string;
  cpus: number;
  /** All of the machine's, in bytes. */
  memoryBytes: number;
  /** The host's. */
  hostname: string;
}

/** @param images how many there are */
export function systemInfo(
  { root, driver }: { root: string; driver: string },
  containers: readonly ContainerInfo[],
  images?: number,
): SystemInfo {
  const count = (...states: string[]) => containers.filter(({ status }) => states.includes(status)).length;
  const running = count('running', 'restarting');
  const paused = count('paused');
  return {
    ...version(),
    containers: { all: containers.length, running, paused, stopped: containers.length - running - paused },
    ...(images !== undefined && { images }),
    root,
    driver,
    cgroupMode: detectCgroups().mode,
    operatingSystem: operatingSystem(),
    cpus: os.cpus().length,
    memoryBytes: os.totalmem(),
    hostname: os.hostname(),
  };
}

function goArchitecture(): string {
  return { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
}

/** os-release(5) */
function operatingSystem(): string {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find(name => fs.existsSync(name));
  const text = file === undefined ? '' : fs.readFileSync(file, 'utf8');
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux';
}
