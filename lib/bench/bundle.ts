import fs from 'node:fs';
import path from 'node:path';
import { TRUE } from './skiff-rows';

/** 256 MiB, as MEMORY_LIMIT of the other rows. */
const MEMORY_BYTES = 256 * 1024 * 1024;

/**
 * Make an OCI bundle that runs `true` in the layer as a read-only root: the same five namespaces, mounts and limit as
 * skiff's own containers have.
 *
 * @param options.cgroup name of its cgroup, below the hierarchies' roots
 * @returns the bundle's directory
 */
export function makeBundle(directory: string, options: { layer: string; cgroup: string }): string {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'config.json'), JSON.stringify(configOf(options), null, 2));
  return directory;
}

function configOf({ layer, cgroup }: { layer: string; cgroup: string }) {
  const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
  return {
    ociVersion: '1.0.2',
    root: { path: layer, readonly: true },
    hostname: 'bench',
    process: {
      terminal: false,
      args: [TRUE],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    mounts: [
      mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
      mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
      mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
      mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
      mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
    ],
    linux: {
      namespaces: ['pid', 'mount', 'uts', 'ipc', 'network'].map(type => ({ type })),
      cgroupsPath: `/${cgroup}`,
      resources: { memory: { limit: MEMORY_BYTES } },
      maskedPaths: ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys'],
    },
  };
}

function mount(destination: string, type: string, options: string[]) {
  return { destination, type, source: type, options };
}
