import type { CgroupPlan, PlannedDirectory } from '../../cgroup';
import type { NativeCopyUp, NativeWorkspace } from '../../native';
import type { CompiledSpec } from '../../spec/compiled';
import { bytesOf } from '../../spec/stamped';
import { CLONE_NEWNET } from '../../spec/plan';
import { Operation, PlanWriter, type Value } from '../../spec/plan-encoding';
import type { ContainerRecord } from '../../state';

/** What becomes of a container whose command has ended; the numbers are csrc/core/plan.h's. */
export interface RestartPolicy {
  name: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  /** Restarts at most; 0: no limit. Of `on-failure` only. */
  maximum: number;
}

/** How much is kept of what a container's command writes. */
export interface LogLimits {
  /** Bytes of one file; 0: no limit. */
  maxSize: number;
  /** Files, the one that is written to among them; 0: nothing is kept. */
  maxFiles: number;
}

/** What a monitor is asked for. */
export interface MonitorRequest {
  record: ContainerRecord;
  /** `<root>/containers/<id>` */
  directory: string;
  eventsFile: string;
  /** With its write layer made. */
  workspace: NativeWorkspace;
  /** Volumes that may be new; their locks are the caller's. */
  copyUps: readonly NativeCopyUp[];
  cgroups: CgroupPlan;
  spec: CompiledSpec;
  terminal: boolean;
  /** Its input stays open for those who attach. */
  openInput: boolean;
  /** Of the first connection, see `attachFlags`; 0: it is not attached. */
  attached: number;
  log: LogLimits;
  restart: RestartPolicy;
  /** Milliseconds after which a run is killed; 0: never. */
  timeoutMs: number;
  /** All of it goes at its end. */
  remove: boolean;
  /** What holds its name, in the order of removal. */
  claims: string[];
  /** Program that the monitor becomes at the end, for what only that can remove; [] for none. */
  after: string[];
}

const RESTARTS: RestartPolicy['name'][] = ['no', 'on-failure', 'always', 'unless-stopped'];
const KINDS: NativeWorkspace['kind'][] = ['overlay', 'aufs', 'copy', 'fuse'];
const VOLATILE = 1;
const OLD_API = 2;
const USER_XATTR = 8;
const MADE = 4;

/** Encode it, see csrc/core/plan.h from SKIFF_OP_CONTAINER on. */
export function monitorRequest(request: MonitorRequest): Buffer {
  const { spec, log, terminal, openInput } = request;
  const plan = new PlanWriter()
    .add(Operation.Container, { text: request.directory }, { text: request.eventsFile })
    .add(Operation.Workspace, ...workspaceValues(request.workspace));
  addCopyUps(plan, request.copyUps);
  addCgroups(plan, request.cgroups.directories);
  addRecord(plan, request.record);
  addIds(plan, request.record);
  return plan
    .add(
      Operation.Start,
      { u32: spec.ownNetwork ? spec.namespaces | CLONE_NEWNET : spec.namespaces },
      { bytes: bytesOf(spec.setup) },
      { bytes: spec.binds?.plan ?? Buffer.alloc(0) },
      { bytes: bytesOf(spec.process) },
    )
    .add(Operation.Streams, { u32: Number(terminal) }, { u32: Number(openInput) }, { u32: request.attached })
    .add(Operation.Log, { u64: BigInt(log.maxSize) }, { u32: log.maxFiles })
    .add(Operation.Restart, ...restartValues(request.restart))
    .add(
      Operation.Limits,
      { u64: BigInt(Math.ceil(request.timeoutMs)) },
      { texts: oomFiles(request.cgroups) },
    )
    .add(
      Operation.Removal,
      { u32: Number(request.remove) },
      { texts: request.claims },
      { texts: request.after },
    )
    .bytes();
}

/**
 * What a running monitor writes from now on, and what it does at the next end.
 *
 * @param joined cgroups that the container was put into since
 */
export function amendment(
  record: ContainerRecord,
  restart: RestartPolicy,
  joined: readonly PlannedDirectory[] = [],
): Buffer {
  const plan = new PlanWriter();
  addRecord(plan, record);
  addCgroups(plan, joined);
  return plan.add(Operation.Restart, ...restartValues(restart)).bytes();
}

function addIds(plan: PlanWriter, { ids }: ContainerRecord): void {
  if (!ids) return;
  const { uid, gid, count, callerUid = 0, callerGid = 0 } = ids;
  plan.add(Operation.Ids, ...[uid, gid, count, callerUid, callerGid].map(u32 => ({ u32 })));
}

function addCopyUps(plan: PlanWriter, copyUps: readonly NativeCopyUp[]): void {
  if (copyUps.length === 0) return;
  const texts = copyUps.flatMap(({ path, volume, temporary }) => [path, volume, temporary]);
  plan.add(Operation.CopyUps, { texts });
}

function addCgroups(plan: PlanWriter, directories: readonly PlannedDirectory[]): void {
  for (const { path, version, optional, settings, deviceProgram } of directories) {
    const texts = settings.flatMap(({ file, value, optional }) => [file, value, optional ? 'optional' : '']);
    const bytes = deviceProgram ?? Buffer.alloc(0);
    plan.add(
      Operation.Cgroup,
      { text: path },
      { u32: version },
      { u32: Number(optional) },
      { texts },
      { bytes },
    );
  }
}

/** The monitor puts `state` behind it: it is the part that changes. */
function addRecord(plan: PlanWriter, record: ContainerRecord): void {
  const { bootId, pidNamespace } = record.owner;
  const attributes = { ...record.labels, image: record.image, name: record.name };
  const event = { type: 'container', id: record.id, attributes };
  plan.add(
    Operation.Record,
    { text: JSON.stringify({ ...record, state: undefined }).slice(0, -1) },
    { text: JSON.stringify(event).slice(0, -2) },
    { text: JSON.stringify({ bootId, pidNamespace }).slice(1, -1) },
  );
}

function workspaceValues(workspace: NativeWorkspace): Value[] {
  const flags =
    MADE |
    (workspace.volatile ? VOLATILE : 0) |
    (workspace.oldApi ? OLD_API : 0) |
    (workspace.userXattr ? USER_XATTR : 0);
  return [
    { u32: KINDS.indexOf(workspace.kind) },
    { u32: flags },
    { texts: workspace.layers },
    { text: workspace.writeLayer },
    { text: workspace.work ?? '' },
    { text: workspace.mountPoint },
    { texts: workspace.skip ?? [] },
  ];
}

function restartValues({ name, maximum }: RestartPolicy): Value[] {
  return [{ u32: RESTARTS.indexOf(name) }, { u32: maximum }];
}

/** The kernel counts the out-of-memory killer's victims in files of memory cgroups. */
function oomFiles({ directories }: CgroupPlan): string[] {
  return directories
    .filter(({ controllers }) => controllers.includes('memory'))
    .map(({ path, version }) => `${path}/${version === 1 ? 'memory.oom_control' : 'memory.events'}`);
}
