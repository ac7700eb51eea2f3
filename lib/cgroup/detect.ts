import { readIfThere, readWords, hostKernel, type CgroupKernel } from './kernel';
import { parseCgroupMounts, type CgroupMount } from './mountinfo';
import type { CgroupMode, CgroupSetup, CgroupVersion, Hierarchy } from './types';

export interface DetectOptions {
  /** Directory that stands for `/`: a tree that looks like another machine's. */
  root?: string;
  /** Whose cgroups are `own`; this process where not given. */
  pid?: number;
  kernel?: CgroupKernel;
}

/** One line of /proc/self/cgroup: `4:memory:/some/cgroup`, or `0::/some/cgroup` for v2. */
interface Membership {
  version: CgroupVersion;
  controllers: string[];
  cgroup: string;
}

/**
 * Find out which cgroup hierarchies are mounted, what each carries, and where this process is in it. Reads
 * three small files; keep the result.
 *
 * @returns mode `none`, and no hierarchy, where /proc or cgroup mounts are missing
 * @see cgroups(7), proc_pid_cgroup(5)
 */
export function detectCgroups({ root = '', pid, kernel = hostKernel }: DetectOptions = {}): CgroupSetup {
  const mounts = parseCgroupMounts(readIfThere(kernel, `${root}/proc/self/mountinfo`) ?? '');
  const hierarchies: Hierarchy[] = [];
  const file = `${root}/proc/${pid ?? 'self'}/cgroup`;
  for (const membership of parseMemberships(readIfThere(kernel, file) ?? '')) {
    const hierarchy = toHierarchy(membership, mounts, root, kernel);
    if (hierarchy) hierarchies.push(hierarchy);
  }
  // The kernel lists the hierarchy of v2, number 0, behind those of v1.
  return { mode: modeOf(hierarchies), hierarchies };
}

/** The hierarchy that carries a controller; undefined where none does. */
export function hierarchyOf(setup: CgroupSetup, controller: string): Hierarchy | undefined {
  return setup.hierarchies.find(hierarchy => hierarchy.controllers.includes(controller));
}

/** Whether a mounted hierarchy carries a controller: `memory`, `pids`, ... */
export function hasController(setup: CgroupSetup, controller: string): boolean {
  return hierarchyOf(setup, controller) !== undefined;
}

function parseMemberships(text: string): Membership[] {
  const memberships: Membership[] = [];
  for (const line of text.split('\n')) {
    // The path comes last and may hold colons itself.
    const [id, names] = line.split(':', 2);
    if (!id || names === undefined) continue;
    const cgroup = line.slice(id.length + names.length + 2);
    if (id === '0') memberships.push({ version: 2, controllers: [], cgroup });
    else if (names !== '' && !names.startsWith('name=')) {
      memberships.push({ version: 1, controllers: names.split(','), cgroup });
    }
  }
  return memberships;
}

function toHierarchy(
  membership: Membership,
  mounts: CgroupMount[],
  root: string,
  kernel: CgroupKernel,
): Hierarchy | undefined {
  const mount = chooseMount(membership, mounts);
  if (!mount) return undefined;
  const { version } = membership;
  const mountPoint = root + mount.mountPoint;
  const controllers =
    version === 1 ? membership.controllers : readWords(kernel, `${mountPoint}/cgroup.controllers`);
  const inside = pathBelow(mount.root, membership.cgroup) ?? '';
  return {
    version,
    controllers,
    mountPoint,
    own: inside ? `${mountPoint}/${inside}` : mountPoint,
    readOnly: mount.readOnly,
  };
}

/** The mount of a hierarchy that shows our own cgroup, and of those the one that can be written. */
function chooseMount(
  { version, controllers, cgroup }: Membership,
  mounts: CgroupMount[],
): CgroupMount | undefined {
  let best: CgroupMount | undefined;
  let bestScore = -1;
  for (const mount of mounts) {
    if (mount.version !== version || !controllers.every(name => mount.superOptions.includes(name))) continue;
    const score = (pathBelow(mount.root, cgroup) === undefined ? 0 : 2) + (mount.readOnly ? 0 : 1);
    if (score > bestScore) [best, bestScore] = [mount, score];
  }
  return best;
}

/**
 * The part of a cgroup's path that lies below a mount's root. Undefined where it does not lie there: a bind
 * mount of another subtree, or a mount from outside our cgroup namespace (`/..`). The mount's root is then
 * the best known place.
 */
function pathBelow(mountRoot: string, cgroup: string): string | undefined {
  if (cgroup.startsWith('/..') || mountRoot.startsWith('/..')) return undefined;
  if (cgroup === mountRoot) return '';
  const prefix = mountRoot === '/' ? '/' : `${mountRoot}/`;
  return cgroup.startsWith(prefix) ? cgroup.slice(prefix.length) : undefined;
}

function modeOf(hierarchies: Hierarchy[]): CgroupMode {
  const v1 = hierarchies.some(hierarchy => hierarchy.version === 1);
  const v2 = hierarchies.some(hierarchy => hierarchy.version === 2);
  if (v1 && v2) return 'hybrid';
  if (v1) return 'v1';
  return v2 ? 'v2' : 'none';
}

/** What is mounted and what it carries, in one line: `hybrid: cpu, pids on v1; hugetlb on v2`. */
export function summary(setup: CgroupSetup): string {
  const of = (version: CgroupVersion) =>
    setup.hierarchies
      .filter(hierarchy => hierarchy.version === version)
      .flatMap(({ controllers }) => controllers);
  const parts = ([1, 2] as const).flatMap(version => {
    const names = of(version).filter(name => hierarchyOf(setup, name)?.version === version);
    return names.length === 0 ? [] : [`${names.join(', ')} on v${version}`];
  });
  return `${setup.mode}: ${parts.join('; ') || 'no controllers'}`;
}
