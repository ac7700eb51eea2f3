import { invalidArgument } from '../common/errors';
import type { Rootless } from '../common/rootless';
import { toMountFlags } from './mount-options';
import type { Mount, Spec } from './types';

/** A file system that is made before the host's are left. */
export interface HeldMount {
  type: string;
  /** MOUNT_ATTR_ flags, whose low bits are those of MS_. */
  attributes: number;
  data: string;
}

/** The user namespace that a container is started in. */
export interface UserNamespaceIds extends Pick<Rootless, 'ids'> {
  /** It is made for this container alone: by root, or by a user in that user's. */
  own?: 'own' | 'nested';
}

/** MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC. */
const ATTRIBUTES = 15n;

/** Nobody but root of the host can mount these where the mount namespace does not show another one, user_namespaces(7). */
const HELD_TYPES = ['proc', 'sysfs'];

/**
 * What a container in a user namespace is made of: mknod(2) is denied, so devices are binds of the host's;
 * sysfs belongs to the network namespace's owner, so beside the host's network it is a bind of the host's, too.
 *
 * @throws SkiffError INVALID_ARGUMENT for ids that the user namespace has not got
 */
export function withoutPrivileges(spec: Spec, rootless: UserNamespaceIds): Spec {
  const ownNetwork = spec.linux.namespaces.some(({ type }) => type === 'network');
  if (rootless.ids === 'single') checkIds(spec);
  const places = spec.mounts.findIndex(({ destination }) => destination === '/dev/shm') + 1;
  const own = spec.mounts.slice(0, places).map(mount => ownMount(mount, rootless, ownNetwork));
  const isBound = (mount: Mount) => mount.type === 'bind';
  return {
    ...spec,
    userNamespace: rootless.own ?? 'caller',
    process: {
      ...spec.process,
      user: { ...spec.process.user, groupsStay: rootless.ids === 'single' },
    },
    mounts: [
      ...own.filter(mount => !isBound(mount)),
      // Behind the others: the set-up makes its devices and terminals before the first bind.
      ...own.filter(isBound),
      ...(spec.linux.devices ?? []).filter(({ type }) => type !== 'p').map(deviceMount),
      ...spec.mounts.slice(places),
    ],
    linux: { ...spec.linux, devices: spec.linux.devices?.filter(({ type }) => type === 'p') },
  };
}

/** What of a spec's mounts has to be made before the host's are left. */
export function heldMounts({ userNamespace, mounts }: Spec): HeldMount[] {
  if (!userNamespace) return [];
  return mounts
    .filter(({ type = '' }) => HELD_TYPES.includes(type))
    .map(({ type = '', options }) => {
      const { flags, data } = toMountFlags(options);
      return { type, attributes: Number(flags & ATTRIBUTES), data };
    });
}

function ownMount(mount: Mount, { ids }: UserNamespaceIds, ownNetwork: boolean): Mount {
  // Group 5, tty, has no number there.
  if (mount.type === 'devpts' && ids === 'single')
    return { ...mount, options: mount.options?.filter(option => option !== 'gid=5') };
  if (mount.type === 'sysfs' && !ownNetwork)
    return {
      destination: mount.destination,
      type: 'bind',
      source: '/sys',
      options: ['rbind', 'rro', 'rslave'],
    };
  return mount;
}

function deviceMount({ path, hostPath = path }: { path: string; hostPath?: string }): Mount {
  return { destination: path, type: 'bind', source: hostPath, options: ['bind', 'dev'] };
}

function checkIds({ process: { user } }: Spec): void {
  const { uid, gid, additionalGids = [] } = user;
  const wanted = [uid, gid, ...additionalGids].find(id => id !== 0);
  if (wanted === undefined) return;
  throw invalidArgument(
    `cannot run as user ${uid}:${gid}: id ${wanted} is not mapped in this user namespace`,
    {
      remedy:
        'Without subordinate ids root is the only user: have root install uidmap (newuidmap, newgidmap) and ' +
        'add ranges for you to /etc/subuid and /etc/subgid.',
    },
  );
}
