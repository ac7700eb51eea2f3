import { statOf, type Cgroup, type CgroupCounter, type CgroupStat } from '../cgroup';
import {
  native,
  type ExitStatus,
  type NativeDirectory,
  type NativeLast,
  type NativeLastWork,
  type NativeStarted,
} from '../native';
import { containerPaths } from '../workspace';
import type { RuntimeContext } from './context';
import type { IdRange } from '../common/id-range';
import { withMembers } from '../common/with-members';
import type { StartPlan } from './start-plan';
import { nativeRemoval, removeRemains, type Remains } from './removal';

/** Of a start, what decides how its container is removed. */
type Plan = Pick<
  StartPlan,
  'id' | 'isCommon' | 'ids' | 'claimName' | 'keep' | 'storageSize' | 'stdio' | 'mounts'
>;

/** What became of a command whose beginning nobody waited for. */
export interface CommandBeginning {
  /** Why it could not be executed, if so. */
  failure?: unknown;
  /** When the init had set up, in ns of CLOCK_MONOTONIC; 0 where that is told already. */
  readyNs: number;
}

/** What there is of a container, or may be, beside its processes; and its removal. */
export class Remnants {
  /** Its cgroup, made or not. */
  cgroup: Cgroup | null;
  /** What its cgroup counted, where that is removed already. */
  counted: CgroupStat | undefined;
  /** What became of its command, where that is told already. */
  beginning: CommandBeginning | undefined;
  /** When its removal began by itself, in ms of CLOCK_MONOTONIC. */
  begunMs: number | undefined;
  private areGone = false;
  private readonly containerDir: string;
  private unfinished: string[];
  private mounts = -1;
  private counters: CgroupCounter[] = [];
  private mountsGone: Promise<void> | undefined;

  constructor(
    private readonly context: RuntimeContext,
    private readonly plan: Plan,
    directory: NativeDirectory,
    cgroup: Cgroup | null,
  ) {
    this.containerDir = directory.path;
    this.unfinished = [directory.unfinished];
    this.cgroup = cgroup;
  }

  /** Its directory may still be where another container has left it. */
  noteLeft({ directory }: { directory: string }): void {
    this.unfinished.push(directory);
  }

  /**
   * It has a record from here on.
   *
   * @param ids those of its user namespace
   * @returns what is to be done at its end before that is told; undefined where somebody may look at what it leaves
   */
  noteStarted(
    { mounts, pipe, guarded }: NativeStarted,
    cgroup: Cgroup | null,
    ids: IdRange | undefined,
  ): NativeLastWork | undefined {
    this.unfinished = [];
    this.mounts = mounts;
    this.cgroup = cgroup;
    if (this.isSeen || !guarded) return undefined;
    const { id, isCommon, ids: planned } = this.plan;
    const { spares, store, reaper } = this.context;
    const used = isCommon && spares.areLikely ? spares.left.placeFor(id) : undefined;
    // Nobody else's as long as the container is there, after which it goes.
    const claims = ids && planned && 'wanted' in planned ? store.ids.paths(ids) : [];
    const removal = nativeRemoval(this.remains);
    this.mounts = -1;
    this.counters = cgroup?.counters() ?? [];
    return withMembers(removal, {
      trees: [...removal.trees, ...claims],
      pipe,
      reaper: reaper.get(),
      counters: this.counters.map(({ file }) => file),
      namespace: mounts,
      used,
    });
  }

  /** Its processes have ended. */
  noteEnded({ endedNs }: ExitStatus, last: NativeLast | undefined): void {
    if (last) this.noteLast(last, endedNs);
    else if (this.mounts >= 0) {
      // At the same time as what its end brings about here.
      const unseen = {
        container: this.containerDir,
        mountPoint: containerPaths(this.containerDir).mountPoint,
      };
      this.mountsGone = native().endMounts({ namespace: this.mounts, ...(!this.isSeen && unseen) });
    }
  }

  /** Nothing of the container is left: neither volumes nor a name; its ids went with it. */
  get areAllGone(): boolean {
    const { mounts, claimName } = this.plan;
    return this.areGone && !mounts && !claimName;
  }

  /** Resolves when all of it is gone; where that failed, it can be tried again. */
  async remove(): Promise<void> {
    if (!this.areGone) await removeRemains(this.remains);
    this.areGone = true;
    await this.mountsGone;
  }

  private noteLast({ beginning, readyNs, removed }: NativeLast, endedNs: number): void {
    const { trace, spares } = this.context;
    this.beginning = { failure: beginning, readyNs };
    // It is tried again, and tells then why it cannot be removed.
    if (!removed) return;
    this.counted = statOf(this.counters, removed.counts);
    this.areGone = removed.busy.length === 0;
    this.begunMs = endedNs / 1e6;
    trace.addMarks(this.plan.id.slice(0, 12), this.begunMs, removed.marks);
    if (removed.left !== undefined) spares.left.leave(removed.left, this.plan.id);
  }

  /** Somebody may look at the files that its command has left: whoever parks it may collect some, or how full it is. */
  get isSeen(): boolean {
    const { keep, storageSize, stdio } = this.plan;
    return keep || storageSize !== undefined || stdio === 'parked';
  }

  private get remains(): Remains {
    const { containerDir, unfinished, cgroup, context, plan } = this;
    return {
      containerDir,
      unfinished,
      cgroup,
      trace: { trace: context.trace, container: plan.id.slice(0, 12) },
    };
  }
}
