import { defaultCapabilities } from './capabilities';
import { defaultDevices, MASKED_PATHS, READONLY_PATHS } from './devices';
import { defaultMounts } from './mounts';
import type { NamespaceType, Spec } from './types';

const NAMESPACES: readonly NamespaceType[] = ['pid', 'mount', 'uts', 'ipc', 'network'];

/** What every container's spec starts from: Docker's defaults, with nothing in it that an option decides. */
export function defaultSpec(rootPath: string): Spec {
  return {
    ociVersion: '1.2.0',
    root: { path: rootPath },
    process: {
      args: [],
      env: [],
      cwd: '/',
      user: { uid: 0, gid: 0, umask: 0o022 },
      capabilities: defaultCapabilities(),
      ownKeyring: true,
    },
    mounts: defaultMounts(),
    linux: {
      namespaces: NAMESPACES.map(type => ({ type })),
      devices: defaultDevices(),
      maskedPaths: [...MASKED_PATHS],
      readonlyPaths: [...READONLY_PATHS],
    },
  };
}
