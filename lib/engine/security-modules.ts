import fs from 'node:fs';
import type { SecurityModules } from '../spec/security-labels';

/**
 * Find out which modules of the kernel give processes labels. Reads a few small files below /sys; nothing is kept.
 *
 * @param root directory that stands for `/`: a tree that looks like another machine's
 * @see Documentation/admin-guide/LSM/apparmor.rst; selinux(8), selinux_lxc_contexts_path(3)
 */
export function securityModules(root = ''): SecurityModules {
  // The file is there in a container, too, where securityfs is not mounted.
  const apparmor = read(`${root}/sys/module/apparmor/parameters/enabled`)?.startsWith('Y') ?? false;
  const hasSelinux = read(`${root}/sys/fs/selinux/enforce`) !== undefined;
  return { apparmor, selinux: hasSelinux ? { context: defaultContext(root) } : undefined };
}

/** The policy says what a container's process is; else it is what this process is. */
function defaultContext(root: string): string {
  const policy = /^SELINUXTYPE=(\S+)/m.exec(read(`${root}/etc/selinux/config`) ?? '')?.[1] ?? 'targeted';
  const contexts = read(`${root}/etc/selinux/${policy}/contexts/lxc_contexts`) ?? '';
  const given = /^\s*process\s*=\s*"([^"]+)"/m.exec(contexts)?.[1];
  // The kernel ends it with a NUL.
  return given ?? (read(`${root}/proc/self/attr/current`) ?? '').replace(/\0.*$/s, '').trim();
}

/** The AppArmor profile that confines this process; undefined where there is none, or the kernel has no AppArmor. */
export function apparmorProfile(root = ''): string | undefined {
  return /^(.+) \(enforce\)/.exec(read(`${root}/proc/self/attr/current`) ?? '')?.[1];
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // Missing, or hidden by an outer container: the module cannot be used then.
    return undefined;
  }
}
