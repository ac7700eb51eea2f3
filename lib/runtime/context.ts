import type { CgroupSetup } from '../cgroup';
import type { Lazy } from '../common/lazy';
import type { Trace } from '../common/trace';
import type { Turns } from '../common/turns';
import type { Reaper } from '../process/reaper';
import type { Starter } from '../process/starter';
import type { Watchdog } from '../process/watchdog';
import type { ContainerStore } from '../state';
import type { VolumeStore } from '../volumes';
import type { DescriptorReserve } from './reserve';
import type { Spares } from './ahead/spares';
import type { StepFault, Steps } from './steps';

/** What the containers of one Skiff share. */
export interface RuntimeContext {
  store: ContainerStore;
  volumes: VolumeStore;
  cgroups: CgroupSetup;
  watchdog: Watchdog;
  starter: Starter;
  reaper: Reaper;
  /** Descriptor of the static init. */
  init: number;
  /** Mount namespace that those of containers are copied from; -1: that of this process. */
  mountBase: Lazy<number>;
  /** The same for containers with a user namespace of their own. */
  userMountBase: Lazy<number>;
  trace: Trace;
  spares: Spares;
  /** Of the starts: a few at a time on the thread pool, so that removals are not queued behind all of them. */
  turns: Turns;
  reserve: DescriptorReserve;
  /** Commands that were started in containers which run; they end with this Skiff. */
  execs: Set<{ end(): Promise<unknown> }>;
  /** Failed starts of which something is left, to be tried again. */
  unfinished: Set<Steps>;
  /** For tests of the undo. */
  fault?: StepFault;
}
