import { capabilityNames } from './capability-mask';
import type { Capabilities } from './types';

/** What Docker leaves to a container's root. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/**
 * Docker's sets. Nothing is inheritable or ambient, so that another user than root loses all of them at execve
 * (capabilities(7), "Transformation of capabilities during execve").
 */
export function defaultCapabilities(): Capabilities {
  const all = [...DEFAULT_CAPABILITIES];
  return { bounding: all, effective: [...all], permitted: [...all], inheritable: [], ambient: [] };
}

/**
 * What a privileged command gets: all that can be given away.
 *
 * @param held this process's own, as the kernel's bit mask
 */
export function allCapabilities(held: bigint): Capabilities {
  const all = capabilityNames(held);
  return { bounding: all, effective: [...all], permitted: [...all], inheritable: [], ambient: [] };
}
