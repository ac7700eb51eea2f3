import type { CgroupSetup } from '../cgroup';
import type { Trace } from '../common/trace';
import type { Watchdog } from '../process/watchdog';
import type { ContainerStore } from '../state';
import type { StepFault } from './steps';

/** What the containers of one Skiff share. */
export interface RuntimeContext {
  store: ContainerStore;
  cgroups: CgroupSetup;
  watchdog: Watchdog;
  /** Descriptor of the static init. */
  init: number;
  trace: Trace;
  /** For tests of the undo. */
  fault?: StepFault;
}
