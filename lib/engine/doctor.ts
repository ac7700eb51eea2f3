import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describeCgroups, detectCgroups, type CgroupReport } from '../cgroup';
import { errorMessage } from '../common/errors';
import { currentRootless, type Rootless } from '../common/rootless';
import { packageRoot } from '../common/package';
import { native } from '../native';
import type { SecurityModules } from '../spec/security-labels';
import { securityModules } from './security-modules';
import { findBlockers, MASKED_PROC, type Blocker } from './rootless/blockers';
import { storageDrivers } from '../workspace';

/** `ok`; `note`: something is missing that `run` can do without; `missing`: `run` can not work. */
export type FindingStatus = 'ok' | 'note' | 'missing';

/** One line of the doctor's report. */
export interface Finding {
  name: string;
  status: FindingStatus;
  detail: string;
  remedy?: string;
}

export interface DoctorReport {
  /** `run` can work here. */
  ok: boolean;
  findings: Finding[];
}

/** What the doctor looked at; plain data, so that another machine's can be judged too. */
export interface DoctorFacts {
  kernel: string;
  uid: number;
  /** The user namespace of a user without privileges, where it was entered. */
  rootless?: Rootless;
  /** Why it could not be entered. */
  entryProblem?: string;
  /** What forbids user namespaces, or containers in them. */
  blockers?: Blocker[];
  /** The effective capabilities have CAP_SYS_ADMIN. */
  admin: boolean;
  /** Namespaces of /proc/self/ns, and how many of each may be made (0 is none). */
  namespaces: Partial<Record<string, number>>;
  drivers: { name: string; usable: boolean; reason?: string }[];
  cgroups: CgroupReport;
  labels: SecurityModules;
  /** Why the native code can not be used; undefined where it can. */
  addonProblem?: string;
  /** Where the init binary is expected, and whether it can be run. */
  init: { path: string; usable: boolean };
}

/** The namespaces a container is made of: names of /proc/self/ns, and of the limits in /proc/sys/user. */
const NAMESPACES = { pid: 'pid', mnt: 'mnt', uts: 'uts', ipc: 'ipc', net: 'net' } as const;

const CAP_SYS_ADMIN = 21n;

/**
 * Look at this machine. Drivers may try a mount in a directory of their own; nothing is left.
 *
 * @param initPath where the init binary is expected
 * @param entryProblem why a user without privileges could not enter a user namespace
 */
export async function gatherFacts(initPath: string, entryProblem?: string): Promise<DoctorFacts> {
  return {
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    uid: process.getuid?.() ?? -1,
    ...rootlessFacts(entryProblem),
    admin: hasCapability(CAP_SYS_ADMIN),
    namespaces: Object.fromEntries(
      Object.entries(NAMESPACES)
        .filter(([file]) => fs.existsSync(`/proc/self/ns/${file}`))
        .map(([file, limit]) => [file, readNumber(`/proc/sys/user/max_${limit}_namespaces`)]),
    ),
    drivers: await Promise.all(
      storageDrivers().map(async driver => ({ name: driver.name, ...(await driver.check()) })),
    ),
    cgroups: describeCgroups(detectCgroups()),
    labels: securityModules(),
    addonProblem: addonProblem(),
    init: { path: initPath, usable: isExecutable(initPath) },
  };
}

function rootlessFacts(entryProblem: string | undefined): Partial<DoctorFacts> {
  // Root of a namespace who may not mount in it is there, too, and can not work.
  const rootless = entryProblem === undefined ? currentRootless() : undefined;
  if (!rootless && entryProblem === undefined) return {};
  // Those of the host's kernel did not keep it from being entered.
  const blockers = findBlockers().filter(({ name }) => !rootless || name === MASKED_PROC);
  return { rootless, entryProblem, blockers };
}

/** Judge a machine: what works, what is missing, and what to do about it. */
export function diagnose(facts: DoctorFacts): DoctorReport {
  const findings = [
    { name: 'kernel', status: 'ok' as const, detail: facts.kernel },
    facts.rootless || facts.entryProblem !== undefined ? rootlessFinding(facts) : userFinding(facts),
    ...(facts.blockers ?? []).map(blocker => ({ ...blocker, status: 'missing' as const })),
    ...namespaceFindings(facts),
    ...driverFindings(facts),
    ...cgroupFindings(facts.cgroups),
    labelFinding(facts.labels),
    ...nativeFindings(facts),
  ];
  return { ok: findings.every(({ status }) => status !== 'missing'), findings };
}

function rootlessFinding({ uid, rootless, entryProblem }: DoctorFacts): Finding {
  if (!rootless) {
    const remedy = 'Run skiff as root: sudo skiff doctor.';
    return { name: 'user', status: 'missing', detail: `uid ${uid}: ${entryProblem}`, remedy };
  }
  const detail = `uid ${rootless.uid}, root of a user namespace`;
  if (rootless.ids === 'range')
    return { name: 'user', status: 'ok', detail: `${detail} with subordinate ids` };
  return {
    name: 'user',
    status: 'note',
    detail: `${detail} without subordinate ids: no other user or owner can be had in containers`,
    remedy:
      'Have root install uidmap (newuidmap, newgidmap) and add ranges for you: ' +
      'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER.',
  };
}

function userFinding({ uid, admin }: DoctorFacts): Finding {
  if (uid === 0 && admin) return { name: 'user', status: 'ok', detail: 'root with CAP_SYS_ADMIN' };
  const detail = uid === 0 ? 'root without CAP_SYS_ADMIN' : `uid ${uid}: root is needed`;
  const remedy =
    uid === 0
      ? 'Give the surrounding container CAP_SYS_ADMIN (docker run --privileged).'
      : 'Run skiff as root: sudo skiff doctor.';
  return { name: 'user', status: 'missing', detail, remedy };
}

function namespaceFindings({ namespaces }: DoctorFacts): Finding[] {
  const names = Object.keys(NAMESPACES);
  const usable = names.filter(name => (namespaces[name] ?? 0) > 0);
  if (usable.length === names.length) return [{ name: 'namespaces', status: 'ok', detail: names.join(', ') }];
  return names
    .filter(name => !usable.includes(name))
    .map(name => {
      const built = namespaces[name] !== undefined;
      return {
        name: `namespace ${name}`,
        status: 'missing',
        detail: built ? `none may be made: user.max_${name}_namespaces is 0` : 'the kernel has none',
        remedy: built
          ? `Set sysctl user.max_${name}_namespaces to a larger number.`
          : 'Use a kernel that is built with it (CONFIG_NAMESPACES).',
      };
    });
}

function driverFindings({ drivers }: DoctorFacts): Finding[] {
  const none = !drivers.some(({ usable }) => usable);
  return drivers.map(({ name, usable, reason }) => ({
    name: `storage driver ${name}`,
    status: usable ? 'ok' : none ? 'missing' : 'note',
    detail: usable ? 'usable' : (reason ?? 'not usable'),
  }));
}

function cgroupFindings({ mode, controllers }: CgroupReport): Finding[] {
  const needed = controllers.filter(controller => controller.needed);
  const usable = needed.filter(controller => controller.usable);
  const names = usable.map(({ name, version }) => `${name} (v${version})`).join(', ');
  return [
    {
      name: 'cgroup',
      status: mode === 'none' ? 'note' : 'ok',
      detail: `${mode}: ${names || 'no controllers'}`,
    },
    ...needed
      .filter(controller => !controller.usable)
      .map(({ name, problem, remedy }) => ({
        name: `cgroup ${name}`,
        status: 'note' as const,
        detail: `no limits on ${name}: ${problem ?? 'not usable'}`,
        remedy,
      })),
  ];
}

/** Neither is needed, and a machine seldom has both. */
function labelFinding({ apparmor, selinux }: SecurityModules): Finding {
  const names = [...(apparmor ? ['AppArmor'] : []), ...(selinux ? [`SELinux (${selinux.context})`] : [])];
  const detail =
    names.length > 0
      ? `${names.join(', ')}: used where --security-opt asks for it`
      : 'neither AppArmor nor SELinux';
  return { name: 'security modules', status: 'ok', detail };
}

function nativeFindings({ addonProblem: problem, init }: DoctorFacts): Finding[] {
  const remedy = `Build it from source: node ${path.join(packageRoot(), 'scripts', 'build.js')}`;
  return [
    problem === undefined
      ? { name: 'native addon', status: 'ok', detail: 'loaded' }
      : { name: 'native addon', status: 'missing', detail: problem, remedy },
    init.usable
      ? { name: 'init binary', status: 'ok', detail: init.path }
      : { name: 'init binary', status: 'missing', detail: `${init.path}: can not be run`, remedy },
  ];
}

function hasCapability(bit: bigint): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> bit) & 1n) === 1n;
}

/** A number in a file of /proc/sys; without the file there is no limit. */
function readNumber(file: string): number {
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : Infinity;
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    // accessSync tells by throwing; the reason is told by the finding.
    return false;
  }
}

function addonProblem(): string | undefined {
  try {
    native();
    return undefined;
  } catch (error) {
    return errorMessage(error).split('\n')[0];
  }
}
