import fs from 'node:fs';
import os from 'node:os';
import { detectCgroups } from '../cgroup';
import { debugLog } from '../common/debug';
import { errorMessage } from '../common/errors';
import { Lazy } from '../common/lazy';
import { isRootless } from '../common/rootless';
import { Trace } from '../common/trace';
import { Turns } from '../common/turns';
import { native } from '../native';
import { Reaper } from '../process/reaper';
import { Starter } from '../process/starter';
import { Watchdog } from '../process/watchdog';
import type { RuntimeContext } from '../runtime/context';
import { SpareNetwork } from '../runtime/ahead/spare-network';
import { Discards } from '../runtime/ahead/discards';
import { LeftDirectories } from '../runtime/ahead/left-directories';
import { DescriptorReserve } from '../runtime/reserve';
import { SpareContainers } from '../runtime/ahead/spare-containers';
import { Spares } from '../runtime/ahead/spares';
import { undoAgain, type StepFault, type Steps } from '../runtime/steps';
import { ContainerStore } from '../state';
import { VolumeStore } from '../volumes';
import { checkRootLength, selectDriver } from '../workspace';
import { initPath, prepareRoot, requireRoot } from './checks';
import type { Storage } from './keeper';
import { rootDirectory } from './root';

/** How {@link Skiff.open} opens a root. */
export interface OpenOptions {
  /** Where images and containers are kept; `SKIFF_ROOT`, else /var/lib/skiff. */
  root?: string;
  /** `auto`, `aufs`, `overlay` or `vfs`; `SKIFF_STORAGE_DRIVER`, else `auto`. */
  storageDriver?: string;
  /** Keep the phases of every start, see {@link Skiff.phases}; `SKIFF_TRACE` does so too. */
  trace?: boolean;
  /** Nothing is going to be started, or not soon: what starts need is not made ready for them. */
  idle?: boolean;
  /** One container is going to be started: what pays from the second on is not made. */
  once?: boolean;
  /** For tests: the mounts of containers are copies of this process's, as where the kernel has no open_tree(2). */
  copyMounts?: boolean;
  /** For tests: the named step of every start fails. */
  fault?: StepFault;
}

const debug = debugLog('engine');

/** Bytes of mountinfo, proc_pid_mountinfo(5): about 60 mounts. */
const FEW_MOUNTS = 8192;

/** A root that is open: where it is, and what its containers are made with. */
export interface OpenedRoot {
  root: string;
  /** To be given back by {@link giveBack}. */
  context: RuntimeContext;
  storage: Storage;
}

/** @throws SkiffError where this machine or user cannot run containers, naming what is missing */
export async function openRoot(options: OpenOptions): Promise<OpenedRoot> {
  const root = rootDirectory(options.root);
  requireRoot();
  checkRootLength(root);
  prepareRoot(root);
  const asked = options.storageDriver ?? process.env.SKIFF_STORAGE_DRIVER ?? 'auto';
  const driver = new Lazy(() => selectDriver({ root, name: asked }));
  // How layers are unpacked depends on it.
  const name = options.idle && asked !== 'auto' ? asked : (await driver.get()).name;
  const init = native().openInit({ path: initPath() });
  const reserve = new DescriptorReserve();
  const store = new ContainerStore(root);
  const cgroups = detectCgroups();
  const trace = new Trace(options.trace ?? process.env.SKIFF_TRACE !== undefined);
  const unfinished = new Set<Steps>();
  const discards = new Discards(trace, reserve, unfinished);
  const left = new LeftDirectories(store, discards);
  const makings = { store, cgroups, reserve, left, discards };
  const context: RuntimeContext = {
    store,
    volumes: new VolumeStore(root),
    cgroups,
    watchdog: new Watchdog(init),
    starter: new Starter(init),
    reaper: new Reaper(),
    init,
    spares: new Spares(new SpareNetwork(reserve), new SpareContainers(makings), left, discards, reserve),
    turns: new Turns(startsAtOnce()),
    reserve,
    mountBase: new Lazy(copiesMounts(options) ? () => Promise.resolve(-1) : makeMountBase),
    userMountBase: new Lazy(
      // No device can be made in it without root.
      isRootless() ? () => Promise.resolve(-1) : () => native().makeMountBase({ userNamespace: true }),
    ),
    trace,
    execs: new Set(),
    unfinished,
    fault: options.fault,
  };
  if (!options.idle) makeReady(context);
  return { root, context, storage: { asked, driver, name } };
}

/** Close all that was opened for the containers, once none of them is left. */
export async function giveBack({
  spares,
  reserve,
  watchdog,
  starter,
  reaper,
  init,
  mountBase,
  userMountBase,
  trace,
  unfinished,
}: RuntimeContext): Promise<void> {
  await spares.close();
  await undoAgain(unfinished);
  reserve.close();
  await Promise.all([watchdog.stop(), starter.stop()]);
  reaper.stop();
  native().close({
    fds: [init, (await mountBase.made) ?? -1, (await userMountBase.made) ?? -1].filter(fd => fd >= 0),
  });
  if (process.env.SKIFF_TRACE) trace.write(process.env.SKIFF_TRACE);
}

/** What every start needs and none need wait for. */
function makeReady({ watchdog, mountBase }: RuntimeContext): void {
  watchdog.companion().catch(() => undefined);
  void mountBase.get();
}

/** To copy a few mounts once takes less than to make a namespace with none. */
function copiesMounts({ copyMounts, once }: OpenOptions): boolean {
  if (copyMounts || isRootless()) return true;
  return once === true && fs.readFileSync('/proc/self/mountinfo').length < FEW_MOUNTS;
}

/** Where it cannot be had, starts copy the mounts of this process, which costs more the more there are. */
async function makeMountBase(): Promise<number> {
  try {
    return await native().makeMountBase({ userNamespace: false });
  } catch (error) {
    debug('no mount namespace to copy: %s', errorMessage(error));
    return -1;
  }
}

/**
 * Starts beyond what the machine works on at once only make all of them late; and of libuv's four threads one is to be
 * left for removals, which else would wait for all the starts before them.
 */
function startsAtOnce(): number {
  return Math.min(3, Math.max(2, os.availableParallelism()));
}
