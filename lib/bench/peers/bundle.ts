import fs from 'node:fs';
import path from 'node:path';
import { TRUE } from '../skiff-rows';
import { defaultMounts } from '../../spec/mounts';

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
    mounts: defaultMounts(),
    linux: {
      namespaces: ['pid', 'mount', 'uts', 'ipc', 'network'].map(type => ({ type })),
      cgroupsPath: `/${cgroup}`,
      resources: { memory: { limit: MEMORY_BYTES } },
      maskedPaths: ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys'],
    },
  };
}
