import fs from 'node:fs';
import os from 'node:os';
import { apparmorProfile } from '../security-modules';

/** Something that keeps a user from having user namespaces, and who set it. */
export interface Blocker {
  name: string;
  detail: string;
  remedy: string;
}

/** Name of what keeps containers from having a /proc, where namespaces can be had. */
export const MASKED_PROC = 'masked /proc';

/** Switches of the kernel and of distributions, each with the value that forbids. */
const SWITCHES = [
  {
    name: 'user.max_user_namespaces',
    file: '/proc/sys/user/max_user_namespaces',
    forbids: '0',
    remedy: 'Have root set it: sysctl -w user.max_user_namespaces=15000.',
  },
  {
    name: 'kernel.unprivileged_userns_clone',
    file: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: '0',
    remedy: 'Have root set it: sysctl -w kernel.unprivileged_userns_clone=1.',
  },
  {
    name: 'kernel.apparmor_restrict_unprivileged_userns',
    file: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: '1',
    remedy:
      'Have root give node an AppArmor profile with "userns,", or set ' +
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0.',
  },
];

/**
 * What forbids this user a user namespace, the likeliest first.
 *
 * @param root directory that stands for `/`: a tree that looks like another machine's
 */
export function findBlockers(root = ''): Blocker[] {
  return [
    ...(fs.existsSync(`${root}/proc/self/ns/user`) ? [] : [noKernelSupport()]),
    ...SWITCHES.filter(({ file, forbids }) => read(root + file) === forbids).map(
      ({ name, forbids, remedy }) => ({ name, detail: `${name} is ${forbids}`, remedy }),
    ),
    ...apparmorBlocker(root),
    ...seccompBlocker(root),
    ...procBlocker(root),
  ];
}

function noKernelSupport(): Blocker {
  return {
    name: 'kernel',
    detail: `Linux ${os.release()} is built without user namespaces`,
    remedy: 'Use a kernel with CONFIG_USER_NS.',
  };
}

/** A filter of an outer runtime: this process was given it at its start. */
function seccompBlocker(root: string): Blocker[] {
  if (!/^Seccomp:\s*2$/m.test(read(`${root}/proc/self/status`) ?? '')) return [];
  return [
    {
      name: 'seccomp',
      detail:
        'a seccomp filter of the outer container or of the CI runner may forbid unshare(2) and clone(2)',
      remedy:
        'Start the outer container with --security-opt seccomp=unconfined, or a profile that allows them.',
    },
  ];
}

/** That of an outer runtime (docker-default, containers-default) lets nothing in it mount, with whatever rights. */
function apparmorBlocker(root: string): Blocker[] {
  const profile = apparmorProfile(root);
  if (profile === undefined) return [];
  return [
    {
      name: 'apparmor',
      detail: `the AppArmor profile ${profile} of the outer container may forbid mount(2)`,
      remedy:
        'Start the outer container with --security-opt apparmor=unconfined, or a profile that allows mounts.',
    },
  ];
}

/** In a user namespace procfs can be mounted only where another one is seen whole; user_namespaces(7). */
function procBlocker(root: string): Blocker[] {
  const mounts = (read(`${root}/proc/self/mountinfo`) ?? '')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '');
  const masked = mounts.find(place => place.startsWith('/proc/') && !place.startsWith('/proc/sys/fs/'));
  if (masked === undefined) return [];
  return [
    {
      name: MASKED_PROC,
      detail: `the outer container has something mounted on ${masked}, so that no container can have a /proc`,
      remedy: 'Start the outer container with --security-opt systempaths=unconfined (podman: unmask=ALL).',
    },
  ];
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    // Most kernels have not got all of them.
    return undefined;
  }
}
