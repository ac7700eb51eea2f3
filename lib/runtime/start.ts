import os from 'node:os';
import { createCgroup, type Cgroup } from '../cgroup';
import { identifyBeside } from '../common/identity';
import { native, type ParkedInit } from '../native';
import { cloneFlags, processPlan, setupPlan } from '../spec/plan';
import type { Spec } from '../spec/types';
import { RECORD_VERSION, type ContainerRecord } from '../state';
import {
  createMountPoint,
  createWriteLayer,
  deleteContainerDirectory,
  type StorageDriver,
} from '../workspace';
import type { RuntimeContext } from './context';
import { startError } from './errors';
import { RunningInit } from './running';
import { Steps, withFailures, type StepFault } from './steps';

/** What one start is made of. */
export interface StartPlan {
  id: string;
  name: string;
  /** Others may not have the name meanwhile. */
  claimName: boolean;
  /** What the record calls the image. */
  image: string;
  /** Read-only layers, topmost first. */
  layers: string[];
  driver: StorageDriver;
  /** The write layer stays after the end. */
  keep: boolean;
  spec: Spec;
  /** Count memory even where it is not limited. */
  usage: boolean;
  /** A small init stays PID 1. */
  init: boolean;
  /** Descriptors for the command's stdin, stdout and stderr; none where it has a terminal. */
  stdio: number[];
}

/** A container whose command runs. */
export interface Started {
  init: RunningInit;
  cgroup: Cgroup | null;
  /** Master of its terminal; -1 without one. */
  terminal: number;
  record: ContainerRecord;
  /** Undoes every step of the start: what is left of the container after its end. */
  steps: Steps;
}

/** Number of the errno that a fault carries into the steps of the addon and of the init. */
function errnoOf({ code }: StepFault): number {
  return (os.constants.errno as Record<string, number>)[code] ?? os.constants.errno.EIO;
}

/**
 * Start a container: directory, name, workspace, cgroup, parked init, GO. Each step's undo is registered before the
 * next begins; a failure leaves nothing.
 *
 * @throws SkiffError with the step that failed
 */
export async function startContainer(context: RuntimeContext, plan: StartPlan): Promise<Started> {
  const { trace, fault } = context;
  const steps = new Steps(plan.id.slice(0, 12), trace, fault);
  try {
    return await takeSteps(context, plan, steps);
  } catch (error) {
    const failures = await steps.undo();
    if (failures.length > 0) context.unfinished.add(steps);
    throw withFailures(startError(error, String(plan.spec.process.args[0])), failures);
  }
}

async function takeSteps(context: RuntimeContext, plan: StartPlan, steps: Steps): Promise<Started> {
  const { store, cgroups, fault } = context;
  const { id, name, spec } = plan;
  const record = firstRecord(context, plan);
  const injected = fault && { step: fault.step, errno: errnoOf(fault) };

  await steps.do(
    'directory',
    () => store.create(record),
    () => store.remove(id),
  );
  if (plan.claimName) {
    await steps.do(
      'name',
      () => store.claimName(name, id),
      () => store.freeName(name, id),
    );
  }
  await makeWorkspace(plan, store.directory(id), steps);
  const cgroup = await steps.do(
    'cgroup',
    () => createCgroup({ setup: cgroups, id, resources: spec.linux.resources ?? {}, usage: plan.usage }),
    made => made?.destroy(),
  );
  const setup = setupPlan(spec, { fault: injected });
  const { init, parked } = await steps.do(
    'park',
    () => park(context, spec, setup, cgroup),
    made => release(made),
  );
  await steps.do('guard', () => context.watchdog.guard(parked.pidfd));
  record.status = 'running';
  record.init = identifyBeside(store.owner, parked.pid);
  if (cgroup) record.cgroupPaths = [...cgroup.paths];
  await steps.do('record', () => store.update(record));
  const process = processPlan(spec.process, { init: plan.init, fault: injected });
  await steps.do('go', () => native().go({ pipe: parked.pipe, process, stdio: plan.stdio }));
  native().close({ fds: [parked.pipe] });
  const { terminal } = parked;
  // Closed, or the caller's from here on: at the time of the undo these numbers may be another container's.
  parked.pipe = parked.terminal = -1;
  return { init, cgroup, terminal, record, steps };
}

/** The write layer goes with the container's directory, in one sweep over it. */
async function makeWorkspace(plan: StartPlan, containerDir: string, steps: Steps): Promise<void> {
  const { driver, layers, keep } = plan;
  await steps.do('write-layer', () => createWriteLayer({ driver, layers, containerDir }));
  steps.onUndo('mount-point', () => deleteContainerDirectory({ containerDir }));
  await steps.do('mount-point', () => createMountPoint({ driver, layers, containerDir, ephemeral: !keep }));
}

function firstRecord({ store }: RuntimeContext, plan: StartPlan): ContainerRecord {
  return {
    version: RECORD_VERSION,
    id: plan.id,
    name: plan.name,
    status: 'starting',
    owner: store.owner,
    created: Date.now(),
    image: plan.image,
    command: plan.spec.process.args.map(String),
    driver: plan.driver.name,
  };
}

interface Parked {
  init: RunningInit;
  parked: ParkedInit;
}

async function park(
  context: RuntimeContext,
  spec: Spec,
  plan: Buffer,
  cgroup: Cgroup | null,
): Promise<Parked> {
  const { fault, trace, watchdog } = context;
  const start = performance.now();
  const parked = await native().park({
    init: context.init,
    namespaces: cloneFlags(spec),
    plan,
    procsFiles: cgroup ? [...cgroup.procsFiles] : [],
    ...(fault && { faultStep: fault.step, faultErrno: errnoOf(fault) }),
  });
  tracePark(trace, spec.hostname ?? '', start, parked);
  const init = new RunningInit(parked.pid, parked.pidfd, () => watchdog.leave(parked.pidfd));
  return { init, parked };
}

/** The parts of the park, on the clock of the trace: both clocks are CLOCK_MONOTONIC. */
function tracePark(
  trace: RuntimeContext['trace'],
  container: string,
  start: number,
  parked: ParkedInit,
): void {
  const offset = performance.now() - Number(process.hrtime.bigint()) / 1e6;
  const cloned = parked.clonedNs / 1e6 + offset;
  const placed = parked.placedNs / 1e6 + offset;
  const ready = parked.readyNs / 1e6 + offset;
  trace.add(container, 'park: clone', start, cloned);
  trace.add(container, 'park: send plan, join cgroup', cloned, placed);
  trace.add(container, 'park: set up', placed, ready);
}

/** End what still runs, and give back what the park opened. */
async function release({ init, parked }: Parked): Promise<void> {
  await init.kill();
  native().close({ fds: [parked.pipe, parked.terminal].filter(fd => fd >= 0) });
}
