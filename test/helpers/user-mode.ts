/** The tests as a user without privileges (npm run test:user): what can not work there is left out, with what holds instead. */
import fs from 'node:fs';
import path from 'node:path';
import { isRootless } from '../../lib/common/rootless';
import { describeIf, itIf } from './conditions';

/** These tests run as root of a user's namespaces. */
export const isUser = isRootless();

const NO_LIMITS =
  'nobody has handed limits over to this user: what asks for one is refused, test/rootless/rootless.test.ts';

/** Limits, the freezer and what the cgroup counts: for root, and for a user who has a cgroup delegated. */
export const canLimit = !isUser || isWritable(ownCgroup());

export const NO_HOST_ROOT =
  'it is told that a directory with mounts in it, such as /, can be a root file system only for root';
export const NO_DEVICES = 'the kernel lets nobody make a device, test/rootless/rootless.test.ts';

/** Devices are the host's, bound: their owner has no number in a user's namespace. */
export const DEVICE_OWNER = isUser ? { uid: 65_534, gid: 65_534 } : { uid: 0, gid: 0 };

/** @param instead what holds for a user, in words */
export const itAsRoot = (instead: string) => itIf(!isUser, `as a user ${instead}`, 'root');

/** @see itAsRoot */
export const describeAsRoot = (instead: string) => describeIf(!isUser, `as a user ${instead}`, 'root');

export const itWithLimits = itIf(canLimit, NO_LIMITS, 'limits');
export const describeWithLimits = describeIf(canLimit, NO_LIMITS, 'limits');

/** The directory of this process's cgroup: of v1's memory controller where there is one, else of v2. */
function ownCgroup(): string {
  const lines = fs.readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  const fields = lines.map(line => /^\d+:([^:]*):(.*)$/.exec(line) ?? []);
  const [, memory] =
    fields.find(([, controllers]) => controllers?.split(',').includes('memory'))?.slice(1) ?? [];
  if (memory !== undefined) return path.join('/sys/fs/cgroup/memory', memory);
  return path.join('/sys/fs/cgroup', fields.find(([, controllers]) => controllers === '')?.[2] ?? '');
}

/** Whether this process may make something in a directory. */
export function isWritable(directory: string): boolean {
  try {
    fs.accessSync(directory, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
