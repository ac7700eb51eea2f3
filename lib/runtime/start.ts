import os from 'node:os';
import {
  cgroupFailure,
  madeCgroup,
  planCgroup,
  plannedCgroup,
  type Cgroup,
  type CgroupPlan,
} from '../cgroup';
import { monotonicMs } from '../common/clock';
import { errorCode } from '../common/errors';
import {
  native,
  type ExitStatus,
  type NativeDirectory,
  type NativeLast,
  type NativeStarted,
  type NativeStartOptions,
} from '../native';
import { CLONE_NEWNET, type Fault } from '../spec/plan';
import { RECORD_VERSION, type ContainerRecord } from '../state';
import { workspaceFailure } from '../workspace';
import type { RuntimeContext } from './context';
import { startError } from './errors';
import { go, type Ends } from './go';
import { Remnants } from './remnants';
import { claimIds, givePipes, isUnshiftable, unshiftable } from './ids';
import { missingLayer } from './layers';
import { RunningInit } from './running';
import type { StartPlan } from './start-plan';
import { Steps, withFailures, type StepFault } from './steps';

/** A container whose command runs, or that is parked. */
export interface Started {
  init: RunningInit;
  cgroup: Cgroup | null;
  /** Descriptors that its removal closes. */
  ends: Ends;
  record: ContainerRecord;
  /** When the last step of the start's job was done, in ns of CLOCK_MONOTONIC; 0 where nobody wants to know. */
  sentNs: number;
  remnants: Remnants;
  /** Undoes every step of the start: what is left of the container after its end. */
  steps: Steps;
}

/** A fault as the steps of the addon and of the init take it. */
export function nativeFault({ step, code }: StepFault): Fault {
  return { step, errno: (os.constants.errno as Record<string, number>)[code] ?? os.constants.errno.EIO };
}

/**
 * Start a container. Directory, workspace, cgroup, clone, guard, record and GO are one job of the thread pool; the undo
 * of all that it may leave is registered before it begins. A failure leaves nothing.
 *
 * @throws SkiffError with the step that failed
 */
export async function startContainer(context: RuntimeContext, plan: StartPlan): Promise<Started> {
  try {
    return await context.spares.during(() => attempt(context, plan));
  } catch (error) {
    const { step } = error as { step?: string };
    if (step !== 'container-directory' || errorCode(error) !== 'ENOENT') throw error;
    // Somebody took the directory of containers away since the root was opened.
    context.store.makeRoot();
    return attempt(context, { ...plan, ahead: undefined });
  }
}

async function attempt(context: RuntimeContext, plan: StartPlan): Promise<Started> {
  const { trace, fault } = context;
  const steps = new Steps(plan.id.slice(0, 12), trace, context.reserve, fault);
  const { id, usage, cpuTime } = plan;
  const { resources } = plan.spec;
  const cgroupPlan =
    plan.ahead?.parts?.cgroups ?? planCgroup({ setup: context.cgroups, id, resources, usage, cpuTime });
  try {
    return await takeSteps(context, plan, cgroupPlan, steps);
  } catch (error) {
    const failures = await steps.undo();
    if (failures.length > 0) context.unfinished.add(steps);
    const containerDir = context.store.directory(plan.id);
    const command = plan.spec.args[0] ?? '';
    const explained = explainStart(error, {
      containerDir,
      driver: plan.driver.name,
      layers: plan.layers,
      command,
      cgroups: cgroupPlan,
    });
    throw withFailures(explained, failures);
  }
}

/** What a failed start means for the one who asked for it. */
export function explainStart(
  error: unknown,
  {
    containerDir,
    driver,
    layers,
    command,
    cgroups,
  }: { containerDir: string; driver: string; layers: string[]; command: string; cgroups: CgroupPlan },
): unknown {
  const failure = error as { step?: string };
  if (isUnshiftable(error)) return unshiftable(error);
  // Whatever the kernel says of the mount then: ENOENT, ESTALE.
  const missing = ['write-layer', 'mount-point'].includes(failure.step ?? '') && missingLayer(layers);
  if (missing) return missing;
  if (failure.step === 'cgroup') return cgroupFailure(error, cgroups);
  return workspaceFailure(failure, { driver, containerDir }) ?? startError(error, command);
}

async function takeSteps(
  context: RuntimeContext,
  plan: StartPlan,
  cgroups: CgroupPlan,
  steps: Steps,
): Promise<Started> {
  const { store, trace, watchdog } = context;
  const { mounts, ahead } = plan;
  if (mounts) {
    // The last to be undone: a volume is in use as long as the container's record is there.
    steps.onUndo('volumes', () => mounts.undo());
    await steps.do('volumes', () => mounts.prepare());
  }
  const container = plan.id.slice(0, 12);
  const ids = plan.ids && (await claimIds(store, plan, steps));
  const record = firstRecord(context, plan, cgroups);
  if (ids) record.ids = ids;
  const directory = store.plan(record, ahead?.parts !== undefined);
  const remnants = new Remnants(context, plan, directory, plannedCgroup(cgroups));
  steps.onUndo('container', () => remnants.remove());
  if (plan.claimName) await claimName(context, plan, directory, steps);
  const base = ids ? context.userMountBase : context.mountBase;
  // Whatever is there already is not waited for: a turn of the queue takes longer than all that is done here.
  const companion = watchdog.companionNow ?? (await watchdog.companion());
  const mountBase = base.value ?? (await base.get());
  // There before the container is: its failure leaves nothing running.
  if (!remnants.isSeen) context.reaper.get();
  const start = monotonicMs();
  directory.made = plan.claimName;
  const options = nativeOptions(context, plan, cgroups, { directory, watchdog: companion.pipe, mountBase });
  if (ids) Object.assign(options, { ids, userNamespace: ahead?.user?.namespace ?? -1 });
  givePipes(options.stdio, ids);
  if (plan.isCommon && !ahead?.parts) takeLeft(context, options, remnants);
  const started = await inNetwork(context, plan, options).catch((error: unknown) => {
    remnants.cgroup = plannedCgroup(cgroups, error);
    throw error;
  });
  mounts?.settle({ ephemeral: !plan.keep });
  trace.addMarks(container, start, started.marks);
  const cgroup = madeCgroup(cgroups, started.cgroupsMade);
  const { init, ends } = watchInit(context, started, remnants, remnants.noteStarted(started, cgroup, ids));
  steps.onUndo('init', () => release(init, ends));
  const adopting = watchdog.adopt(started.pidfd, companion, started.guarded);
  if (adopting) await adopting;
  // The watchdog was killed a moment ago, and the init waited parked until another one guarded it.
  if (!started.guarded && plan.stdio !== 'parked') await go(ends, plan.spec.process, plan.stdio);
  const sentNs = started.marks?.at(-1)?.ns ?? 0;
  return { init, cgroup, ends, record, sentNs, remnants, steps };
}

/** Nobody has had the time to make a directory ahead: one that another container has left is renewed at once. */
function takeLeft(
  { spares }: RuntimeContext,
  options: Pick<NativeStartOptions, 'left'>,
  remnants: Remnants,
): void {
  const left = spares.left.take();
  if (!left) return;
  remnants.noteLeft(left);
  options.left = left.ahead;
}

/** @param last what is to be done at its end before that is told */
function watchInit(
  { watchdog }: RuntimeContext,
  { pid, pidfd, pipe, terminal }: NativeStarted,
  remnants: Remnants,
  last: ReturnType<Remnants['noteStarted']>,
): { init: RunningInit; ends: Ends } {
  const onExit = (status: ExitStatus, done?: NativeLast) => {
    remnants.noteEnded(status, done);
    watchdog.leave(pidfd);
  };
  return { init: new RunningInit(pid, pidfd, onExit, last), ends: { pipe: last ? -1 : pipe, terminal } };
}

/** With the namespaces that the spec asks for; the network's may be one that is there already. */
function inNetwork(
  { spares }: RuntimeContext,
  { spec, ahead }: StartPlan,
  options: Omit<NativeStartOptions, 'namespaces' | 'network'>,
): Promise<NativeStarted> {
  const { namespaces, ownNetwork, ownUser } = spec;
  // One of the spare ones is not a user namespace's own: nobody in that could do anything with it.
  const made = ownUser ? ahead?.user : spares.network;
  const network = ownNetwork ? (made?.takeNetwork() ?? -1) : -1;
  const own = ownNetwork && network < 0 ? CLONE_NEWNET : 0;
  return native().start(Object.assign(options, { namespaces: namespaces | own, network }));
}

/** A name is claimed by a container that is there: its directory is made first. */
async function claimName(
  { store }: RuntimeContext,
  { id, name }: StartPlan,
  directory: NativeDirectory,
  steps: Steps,
): Promise<void> {
  await steps.do('container-directory', () => native().makeDirectory(directory));
  await steps.do(
    'name',
    () => store.names.claim(name, id),
    () => store.names.free(name, id),
  );
}

function nativeOptions(
  { store, init, trace, fault, starter }: RuntimeContext,
  plan: StartPlan,
  cgroups: CgroupPlan,
  given: Pick<NativeStartOptions, 'directory' | 'watchdog' | 'mountBase'>,
): Omit<NativeStartOptions, 'namespaces' | 'network'> {
  const { id, spec, stdio, driver, layers, keep, storageSize, ahead } = plan;
  const isParked = stdio === 'parked';
  // Member by member: to spread parts into an object takes several times as long.
  const options: Omit<NativeStartOptions, 'namespaces' | 'network'> = {
    directory: given.directory,
    watchdog: given.watchdog,
    starter: isForStarter(plan, given.mountBase) ? starter.next() : -1,
    mountBase: given.mountBase,
    init,
    plan: spec.setup,
    stdio: isParked ? [] : stdio,
    holdMounts: !keep,
    awaitCommand: plan.awaitCommand,
    marks: trace.wanted,
  };
  ahead?.use();
  if (ahead?.parts) options.ahead = ahead.parts.ahead;
  else {
    options.workspace = driver.plan({
      layers,
      containerDir: store.directory(id),
      ephemeral: !keep,
      size: storageSize,
    });
    options.cgroups = cgroups.directories;
  }
  if (plan.mounts) options.copyUps = plan.mounts.copyUps;
  if (spec.binds) options.binds = spec.binds.plan;
  if (!isParked) options.process = spec.process;
  if (fault) {
    options.faultStep = fault.step;
    options.faultErrno = nativeFault(fault).errno;
  }
  return options;
}

/** What csrc/core/starter.h can do; it makes none that stays parked. */
function isForStarter({ stdio, spec }: StartPlan, mountBase: number): boolean {
  return stdio !== 'parked' && !spec.staysInit && !spec.ownUser && mountBase >= 0;
}

function firstRecord({ store }: RuntimeContext, plan: StartPlan, cgroups: CgroupPlan): ContainerRecord {
  const { imageId, layers, mounts } = plan;
  const record: ContainerRecord = {
    version: RECORD_VERSION,
    id: plan.id,
    name: plan.name,
    status: 'starting',
    owner: store.owner,
    created: Date.now(),
    image: plan.image,
    command: plan.spec.args,
    process: plan.spec.base,
    driver: plan.driver.name,
    layers,
    cgroupPaths: cgroups.directories.map(({ path }) => path),
  };
  if (imageId !== undefined) record.imageId = imageId;
  if (mounts) record.mounts = mounts.recorded;
  return record;
}

/** End what still runs, and give back what the start opened. */
async function release(init: RunningInit, { pipe, terminal }: Ends): Promise<void> {
  await init.kill();
  native().close({ fds: [pipe, terminal].filter(fd => fd >= 0) });
}
