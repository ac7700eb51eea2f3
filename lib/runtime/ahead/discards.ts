import { plannedCgroup, type CgroupPlan } from '../../cgroup';
import type { Trace } from '../../common/trace';
import { native } from '../../native';
import { removeRemains, type Remains } from '../removal';
import type { DescriptorReserve } from '../reserve';
import { Steps } from '../steps';

/** What was made ahead, or left: what the addon knows it by, and where it is. */
export interface Discardable {
  /** Of `prepare`, or of `remove`. */
  ahead: number;
  directory: string;
  cgroups?: CgroupPlan;
}

/** Gives up what no start will take. Nobody waits for it, but the closing. */
export class Discards {
  private readonly going = new Set<Promise<void>>();

  /** @param unfinished what could not be removed, to be tried again with what failed starts left */
  constructor(
    private readonly trace: Trace,
    private readonly reserve: DescriptorReserve,
    private readonly unfinished: Set<Steps>,
  ) {}

  add(made: Discardable): void {
    const done = this.discard(made).finally(() => this.going.delete(done));
    this.going.add(done);
  }

  /** Resolves when all that was added is gone, or noted. */
  async settled(): Promise<void> {
    await Promise.all(this.going);
  }

  async remove(remains: Remains): Promise<void> {
    const steps = new Steps('ahead', this.trace, this.reserve);
    steps.onUndo('container', () => removeRemains(remains));
    if ((await steps.undo()).length > 0) this.unfinished.add(steps);
  }

  private async discard({ ahead, directory, cgroups }: Discardable): Promise<void> {
    const isGone = await native().discard({ ahead });
    if (!isGone) await this.remove({ containerDir: directory, cgroup: cgroups && plannedCgroup(cgroups) });
  }
}
