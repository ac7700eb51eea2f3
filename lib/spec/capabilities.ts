import { invalidArgument } from '../common/errors';
import { CAPABILITY_NAMES, capabilityNames } from './capability-mask';
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

const ALL = 'ALL';

export interface CapabilityOptions {
  capAdd?: readonly string[];
  capDrop?: readonly string[];
  privileged?: boolean;
}

/**
 * The capabilities of a container by Docker's rules: `ALL` added is all but those dropped, `ALL` dropped is those added;
 * else the defaults less those dropped, and then those added.
 *
 * @param available names of all that this process could hand on; a capability that it has not cannot be given
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording for a name that the kernel does not have
 */
export function containerCapabilities(
  { capAdd = [], capDrop = [], privileged = false }: CapabilityOptions,
  available: readonly string[],
): string[] {
  const add = capAdd.map(name => normal(name, 'CapAdd'));
  const drop = capDrop.map(name => normal(name, 'CapDrop'));
  if (privileged) return [...available];
  if (add.includes(ALL)) return available.filter(name => !drop.includes(name));
  if (drop.includes(ALL)) return [...new Set(add)];
  return [...new Set([...DEFAULT_CAPABILITIES.filter(name => !drop.includes(name)), ...add])];
}

/** With or without CAP_, in any case. */
function normal(name: string, option: 'CapAdd' | 'CapDrop'): string {
  const upper = name.trim().toUpperCase();
  if (upper === ALL || upper === 'CAP_ALL') return ALL;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!CAPABILITY_NAMES.includes(full))
    throw invalidArgument(`invalid ${option}: unknown capability: "${full}"`);
  return full;
}

/**
 * The sets for capabilities as Docker has them. Nothing is inheritable or ambient, so that another user than root loses
 * all of them at execve (capabilities(7), "Transformation of capabilities during execve").
 */
export function capabilitySets(names: readonly string[]): Capabilities {
  return { bounding: [...names], effective: [...names], permitted: [...names], inheritable: [], ambient: [] };
}

/** Docker's default sets. */
export function defaultCapabilities(): Capabilities {
  return capabilitySets(DEFAULT_CAPABILITIES);
}

/**
 * What a privileged command gets: all that can be given away.
 *
 * @param held this process's own, as the kernel's bit mask
 */
export function allCapabilities(held: bigint): Capabilities {
  return capabilitySets(capabilityNames(held));
}
