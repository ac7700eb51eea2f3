import os from 'node:os';
import { invalidArgument } from '../common/errors';
import { isBind } from './binds';
import { capabilityMask } from './capability-mask';
import { isRestricted } from './devices';
import { heldMounts } from './rootless';
import { MS_NODEV, toMountFlags } from './mount-options';
import { Operation, PlanWriter } from './plan-encoding';
import type { Device, Mount, NamespaceType, Process, Spec } from './types';

/** Of the paths that are masked by default, those that are directories where they are: the init need not find out. */
const DIRECTORIES = new Set([
  '/proc/acpi',
  '/proc/asound',
  '/proc/scsi',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]);

/** A step that shall fail, for tests of the undo. */
export interface Fault {
  /** A step's name: of the init's (`mount`, `exec`, ...), of the addon's (`clone`) or of the runtime's. */
  step: string;
  /** Number of the errno it fails with. */
  errno: number;
}

export interface SetupOptions {
  fault?: Fault;
}

export interface ProcessOptions {
  /** Keep a small init as PID 1. */
  init?: boolean;
  /** It ends with the process that cloned it. */
  endsWithParent?: boolean;
  fault?: Fault;
}

export const CLONE_NEWNET = 0x40000000;

/** CLONE_NEW flags of sched.h, clone(2). */
const CLONE_FLAGS: Record<NamespaceType, number> = {
  time: 0x00000080,
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: CLONE_NEWNET,
};

/** S_IF flags of the inode's mode, inode(7). */
const DEVICE_TYPES: Record<Device['type'], number> = { c: 0o020000, b: 0o060000, p: 0o010000 };

/** RLIMIT_ numbers of the generic kernel ABI (x86-64, arm64), getrlimit(2). */
export const RLIMITS: Readonly<Record<string, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

/** mount_setattr(2) */
const MOUNT_ATTR_NOSUID = 2;
/** csrc/core/plan.h. */
const ROOT_STAYS_ON_BASE = 1;
const MOUNT_ATTR_NODEV = 4;

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Links every container's /dev has (OCI runtime spec, runtime-linux.md "Dev symbolic links"). */
const DEV_LINKS: readonly [target: string, path: string][] = [
  ['/proc/self/fd', '/dev/fd'],
  ['/proc/self/fd/0', '/dev/stdin'],
  ['/proc/self/fd/1', '/dev/stdout'],
  ['/proc/self/fd/2', '/dev/stderr'],
  ['pts/ptmx', '/dev/ptmx'],
];

/** The CLONE_NEW flags of a spec's new namespaces. */
export function cloneFlags(spec: Spec): number {
  return spec.linux.namespaces.reduce((flags, { type }) => flags | CLONE_FLAGS[type], 0);
}

/** Compile what the init does before it parks. */
export function setupPlan(spec: Spec, { fault }: SetupOptions = {}): Buffer {
  const plan = new PlanWriter();
  addFault(plan, fault);
  for (const { type, attributes, data } of heldMounts(spec)) {
    plan.add(Operation.Hold, { text: type }, { u32: attributes }, { text: data });
  }
  // The start enters the root's mount point, wherever in its mount namespace that is.
  plan.add(Operation.Root, { u32: mayStayOnBase(spec) ? ROOT_STAYS_ON_BASE : 0 });
  // What of the host is mounted over /dev must not get devices made in it.
  const binds = spec.mounts.findIndex(isBind);
  const end = binds < 0 ? spec.mounts.length : binds;
  const seen = new Set<string>();
  addMounts(plan, spec, spec.mounts.slice(0, end), seen);
  addDevices(plan, spec);
  addTerminal(plan, spec);
  addMounts(plan, spec, spec.mounts.slice(end), seen);
  addNames(plan, spec);
  for (const path of spec.linux.readonlyPaths ?? []) plan.add(Operation.Readonly, { text: path });
  for (const path of spec.linux.maskedPaths ?? []) {
    plan.add(Operation.Mask, { text: DIRECTORIES.has(path) ? `${path}/` : path });
  }
  if (spec.root.nosuid) plan.add(Operation.Restrict, { text: '/' }, { u32: MOUNT_ATTR_NOSUID });
  if (spec.root.readonly) {
    // Docker makes the working directory when it creates the container, so before the root is closed.
    plan.add(Operation.Directory, { text: spec.process.cwd });
    plan.add(Operation.RootReadonly);
  }
  return plan.bytes();
}

/**
 * Whoever may unmount could take the root away and come to what it is mounted over: CAP_SYS_ADMIN, or a user namespace in
 * which that can be had.
 */
function mayStayOnBase({ userNamespace, process }: Spec): boolean {
  const { bounding } = process.capabilities ?? {};
  return userNamespace === undefined && bounding?.includes('CAP_SYS_ADMIN') === false;
}

/** Compile what the init does after GO. */
export function processPlan(process: Process, { init, endsWithParent, fault }: ProcessOptions = {}): Buffer {
  const { uid, gid, umask = 0o022, additionalGids = [] } = process.user;
  const plan = new PlanWriter();
  addFault(plan, fault);
  for (const { type, soft, hard } of process.rlimits ?? []) {
    const resource = RLIMITS[type];
    if (resource === undefined) throw invalidArgument(`unknown resource limit: ${type}`);
    plan.add(Operation.Rlimit, { u32: resource }, { u64: toLimit(soft) }, { u64: toLimit(hard) });
  }
  if (process.oomScoreAdj !== undefined) plan.add(Operation.OomScore, { u32: process.oomScoreAdj });
  plan
    .add(Operation.Args, { texts: process.args })
    .add(Operation.Env, { texts: process.env })
    .add(Operation.Cwd, { text: process.cwd })
    .add(
      Operation.User,
      { u32: uid },
      { u32: gid },
      { u32: umask },
      { u32: additionalGids.length },
      ...additionalGids.map(u32 => ({ u32 })),
    );
  if (process.capabilities) {
    const { bounding, effective, inheritable, permitted, ambient } = process.capabilities;
    const sets = [bounding, effective, inheritable, permitted, ambient];
    plan.add(Operation.Capabilities, ...sets.map(names => ({ u64: capabilityMask(names) })));
  }
  if (process.noNewPrivileges) plan.add(Operation.NoNewPrivs);
  if (process.user.groupsStay) plan.add(Operation.GroupsStay);
  if (process.apparmorProfile !== undefined) plan.add(Operation.Apparmor, { text: process.apparmorProfile });
  if (process.selinuxLabel !== undefined) plan.add(Operation.Selinux, { text: process.selinuxLabel });
  if (process.ownKeyring) plan.add(Operation.Keyring);
  if (process.filter) {
    plan.add(
      Operation.Seccomp,
      { u32: process.filter.flags },
      { bytes: Buffer.from(process.filter.program, 'base64') },
    );
  }
  if (init) plan.add(Operation.Init);
  if (endsWithParent) plan.add(Operation.DeathSignal, { u32: os.constants.signals.SIGKILL });
  return plan.bytes();
}

function addFault(plan: PlanWriter, fault: Fault | undefined): void {
  if (fault) plan.add(Operation.Fault, { text: fault.step }, { u32: fault.errno });
}

/** Where the first mount, one of the runtime's own, is made without a look at the links of the image. */
const OWN_PLACES = new Set(['/proc', '/dev', '/dev/pts', '/sys', '/dev/mqueue', '/dev/shm']);

function addMounts(plan: PlanWriter, spec: Spec, mounts: readonly Mount[], seen: Set<string>): void {
  const restricted = isRestricted(spec);
  for (const mount of mounts) {
    const { destination, type = 'none', source = type, options } = mount;
    const isOwn = OWN_PLACES.has(destination) && !seen.has(destination);
    seen.add(destination);
    if (isBind(mount)) {
      plan.add(Operation.Bind, { text: destination });
      continue;
    }
    // Nothing is in the new /dev yet: to find out by a mount that fails takes longer.
    if (isOwn && seen.has('/dev') && destination.startsWith('/dev/'))
      plan.add(Operation.Directory, { text: destination });
    // Every new devpts is an instance of its own since Linux 4.7; older kernels need the option.
    const { flags, data } = toMountFlags(options);
    plan.add(
      isOwn ? Operation.Mount : Operation.MountInside,
      { text: type },
      { text: source },
      { text: destination },
      { u64: restricted && !holdsDevices(mount) ? flags | MS_NODEV : flags },
      { text: data },
    );
  }
}

/** The terminals' file system, in which nobody can make a node, and /dev while nothing of the container's runs. */
function holdsDevices({ type, destination }: Mount): boolean {
  return type === 'devpts' || destination === '/dev';
}

function addTerminal(plan: PlanWriter, { process }: Spec): void {
  if (!process.terminal) return;
  const { height = 0, width = 0 } = process.consoleSize ?? {};
  plan.add(Operation.Terminal, { u32: height }, { u32: width });
}

function addDevices(plan: PlanWriter, spec: Spec): void {
  for (const { path, type, major, minor, fileMode = 0o666, uid = 0, gid = 0 } of spec.linux.devices ?? []) {
    const mode = DEVICE_TYPES[type] | fileMode;
    plan.add(
      Operation.Device,
      { text: path },
      { u32: mode },
      { u32: major },
      { u32: minor },
      { u32: uid },
      { u32: gid },
    );
  }
  if (isRestricted(spec)) restrictDevices(plan, spec);
  if (!spec.mounts.some(({ destination }) => destination === '/dev')) return;
  for (const [target, path] of DEV_LINKS) plan.add(Operation.Symlink, { text: target }, { text: path });
}

/**
 * No device can be opened but those that are listed: each is a mount of its own, and all around them are mounts without
 * devices. Whoever may make nodes and not mounts (root in the container, with CAP_MKNOD) gets nothing by it.
 */
function restrictDevices(plan: PlanWriter, spec: Spec): void {
  for (const { path, type } of spec.linux.devices ?? []) {
    if (type !== 'p') plan.add(Operation.Expose, { text: path });
  }
  const around = ['/', ...spec.mounts.map(({ destination }) => destination).filter(path => path === '/dev')];
  for (const path of new Set(around)) {
    plan.add(Operation.Restrict, { text: path }, { u32: MOUNT_ATTR_NODEV });
  }
}

function addNames(plan: PlanWriter, spec: Spec): void {
  const own = (type: NamespaceType) => spec.linux.namespaces.some(namespace => namespace.type === type);
  if (spec.hostname !== undefined && own('uts')) plan.add(Operation.Hostname, { text: spec.hostname });
  if (own('network')) plan.add(Operation.Loopback);
  for (const [name, value] of Object.entries(spec.linux.sysctl ?? {})) {
    plan.add(Operation.Sysctl, { text: name.replaceAll('.', '/') }, { text: value });
  }
}

/** A limit as the kernel has it: what JSON rounds up to 2^64 is "no limit". */
function toLimit(value: number): bigint {
  return value >= 2 ** 64 || value < 0 ? U64_MAX : BigInt(value);
}
