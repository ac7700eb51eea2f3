import type { Cgroup } from '../cgroup';
import { monotonicMs } from '../common/clock';
import { native, type NativeDirectory, type NativeStarted } from '../native';
import { containerPaths } from '../workspace';
import type { RuntimeContext } from './context';
import { removeRemains, type Remains } from './removal';
import type { StartPlan } from './start';

type Plan = Pick<StartPlan, 'id' | 'isCommon' | 'keep' | 'storageSize' | 'stdio'>;

/** What there is of a container, or may be, beside its processes; and its removal. */
export class Remnants {
  /** Its cgroup, made or not. */
  cgroup: Cgroup | null;
  /** When its removal began by itself, in ms of CLOCK_MONOTONIC. */
  begunMs: number | undefined;
  private readonly containerDir: string;
  private unfinished: string | undefined;
  private mounts = -1;
  private begun: Promise<void> | undefined;
  private mountsGone: Promise<void> | undefined;
  private texts: Map<string, string | null> | undefined;

  constructor(
    private readonly context: RuntimeContext,
    private readonly plan: Plan,
    directory: NativeDirectory,
    cgroup: Cgroup | null,
  ) {
    this.containerDir = directory.path;
    this.unfinished = directory.unfinished;
    this.cgroup = cgroup;
  }

  /** It has a record from here on. */
  noteStarted({ mounts }: NativeStarted): void {
    this.unfinished = undefined;
    this.mounts = mounts;
  }

  /** Its processes have ended: what nobody can want to look at goes at once, while its end is told. */
  noteEnded(): void {
    const namespace = this.mounts;
    this.mounts = -1;
    if (this.isRemovedAtOnce) {
      this.begunMs = monotonicMs();
      this.begun = this.removeCounted(namespace);
      // Told by remove().
      this.begun.catch(() => undefined);
    } else if (namespace >= 0) {
      const unseen = { container: this.containerDir, mountPoint: containerPaths(this.containerDir).mountPoint };
      this.mountsGone = native().endMounts({ namespace, ...(!this.isSeen && unseen) });
    }
  }

  /** What its cgroup's files held at the end, where they may be gone by now. */
  async counted(): Promise<ReadonlyMap<string, string | null> | undefined> {
    await this.begun?.catch(() => undefined);
    return this.texts;
  }

  /** Resolves when all of it is gone; where that failed, it can be tried again. */
  async remove(): Promise<void> {
    const { begun } = this;
    this.begun = undefined;
    await (begun ?? removeRemains(this.remains));
    await this.mountsGone;
  }

  /** Somebody may look at the files that its command has left: whoever parks it may collect some, or how full it is. */
  private get isSeen(): boolean {
    const { keep, storageSize, stdio } = this.plan;
    return keep || storageSize !== undefined || stdio === 'parked';
  }

  private get isRemovedAtOnce(): boolean {
    return this.plan.isCommon && !this.isSeen;
  }

  private get remains(): Remains {
    const { containerDir, unfinished, cgroup, context, plan } = this;
    return { containerDir, unfinished, cgroup, trace: { trace: context.trace, container: plan.id.slice(0, 12) } };
  }

  private async removeCounted(namespace: number): Promise<void> {
    const files = this.cgroup?.statFiles() ?? [];
    const { containers, areLikely } = this.context.spares;
    const place = areLikely ? containers.placeFor(this.plan.id) : undefined;
    const next = place === undefined ? undefined : { path: place, leave: containers.leave.bind(containers) };
    const texts = await removeRemains({ ...this.remains, namespace, files, next });
    this.texts = new Map(files.map((file, index) => [file, texts[index] ?? null]));
  }
}
