import fs from 'node:fs';

/** The environment variable by which a program knows that it was entered into a user's own namespaces. */
export const ROOTLESS_VARIABLE = 'SKIFF_ROOTLESS';

/** The user namespace that a user without privileges has all containers in. */
export interface Rootless {
  /** Of the user, as the host has them: root of the namespace. */
  uid: number;
  gid: number;
  /** `range`: with subordinate ids, subuid(5). `single`: root is all that there is, and setgroups(2) is denied. */
  ids: 'range' | 'single';
}

/** The namespace that this process works in; undefined where it is the host's root, or nobody. */
export function currentRootless(): Rootless | undefined {
  const value = process.env[ROOTLESS_VARIABLE];
  const [, uid, gid, ids] = /^(\d+):(\d+):(range|single)$/.exec(value ?? '') ?? [];
  if (uid === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid), ids: ids as Rootless['ids'] };
}

/** Whether this process works in a user's own namespaces. */
export function isRootless(): boolean {
  return currentRootless() !== undefined;
}

/** Bit of CAP_SYS_ADMIN in a capability set, capabilities(7). */
const ADMIN = 1n << 21n;

/**
 * Whether this process can start containers only in namespaces that it enters first: any user but root does, and so does
 * root who may not mount, as in a container without privileges.
 */
export function needsNamespaces(): boolean {
  return process.geteuid?.() !== 0 || !isAdmin();
}

/** Whether this process has CAP_SYS_ADMIN in its user namespace. */
function isAdmin(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(fs.readFileSync('/proc/self/status', 'latin1'))?.[1];
  return (BigInt(`0x${effective ?? '0'}`) & ADMIN) !== 0n;
}

/** What {@link currentRootless} reads. */
export function rootlessText({ uid, gid, ids }: Rootless): string {
  return `${uid}:${gid}:${ids}`;
}
