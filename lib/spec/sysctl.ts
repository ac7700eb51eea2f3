import { invalidArgument } from '../common/errors';

/** The kernel parameters that belong to an IPC namespace, beside `fs.mqueue.*`. */
const IPC: readonly string[] = [
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
];

/**
 * Refuse each parameter that is not of the container's own namespaces: setting it would change the host.
 *
 * @param sysctls name with dots, such as `net.ipv4.ip_forward`, to value
 * @throws SkiffError INVALID_ARGUMENT with runc's and Docker's wording
 */
export function checkSysctls(
  sysctls: Record<string, string>,
  network: 'none' | 'host',
): Record<string, string> {
  for (const name of Object.keys(sysctls)) checkName(name, network);
  return { ...sysctls };
}

function checkName(name: string, network: 'none' | 'host'): void {
  if (name === 'kernel.hostname') {
    throw invalidArgument(
      'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
      { remedy: 'Use --hostname.' },
    );
  }
  // The name becomes a path below /proc/sys: nothing in it may lead elsewhere.
  if (!/^[a-z0-9_-]+(\.[A-Za-z0-9_:-]+)+$/.test(name)) throw notAllowed(name);
  if (name.startsWith('net.')) {
    if (network === 'host') {
      throw invalidArgument(`sysctl ${JSON.stringify(name)} not allowed in host network namespace`);
    }
    return;
  }
  if (!IPC.includes(name) && !name.startsWith('fs.mqueue.')) throw notAllowed(name);
}

function notAllowed(name: string) {
  return invalidArgument(`sysctl '${name}' is not allowed`, {
    remedy:
      'Only parameters of the container itself can be set: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*.',
  });
}
