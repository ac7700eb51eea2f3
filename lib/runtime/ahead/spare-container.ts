import { planCgroup, plannedCgroup, type CgroupSetup } from '../../cgroup';
import { monotonicMs } from '../../common/clock';
import { native } from '../../native';
import type { ContainerStore } from '../../state';
import { areSame, ContainerAhead, type Kind, type Parts } from './container-ahead';
import type { Discardable, Discards } from './discards';
import type { LeftDirectories } from './left-directories';
import type { DescriptorReserve } from '../reserve';
import { LIKELY_AFTER } from './spare';
import { UserAhead } from './user-ahead';

/** What the containers of one Skiff are made with, ahead of their start. */
export interface Makings {
  store: ContainerStore;
  cgroups: CgroupSetup;
  reserve: DescriptorReserve;
  left: LeftDirectories;
  discards: Discards;
}

/**
 * The directory, the mounted layers and the cgroups of the next container of a kind and, where it has ids of its own, those
 * and the namespaces with them. On disk file systems a directory takes longer to make, and much longer to remove, than
 * anything else of a container's life: so a container that has written nothing leaves its own, empty, to the next one. The
 * directory's name tells its maker, and is swept like that of a start which was killed.
 */
export class SpareContainer {
  private spare: ContainerAhead | undefined;
  private starts = 0;
  private lastMs = 0;
  /** Nobody asks for it any more. */
  private ended = false;

  constructor(
    private readonly makings: Makings,
    private readonly kind: Kind,
  ) {}

  get isReady(): boolean {
    return this.spare !== undefined || this.starts < LIKELY_AFTER;
  }

  /** Milliseconds since the last start. */
  get age(): number {
    return monotonicMs() - this.lastMs;
  }

  isOf(kind: Kind): boolean {
    return areSame(this.kind, kind);
  }

  /** What is there for one start; to be disposed of after it. */
  take(): ContainerAhead | undefined {
    this.starts += 1;
    this.lastMs = monotonicMs();
    return this.takeAny();
  }

  async prepare(): Promise<void> {
    const { ids, parts } = this.kind;
    const id = native().randomId();
    const user = ids && (await UserAhead.make(this.makings.store, id, ids));
    try {
      const made = parts && (await this.makeParts(id, parts, user));
      this.keep(new ContainerAhead(id, user, made, unused => this.keep(unused)));
    } catch (error) {
      user?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Keep nothing from here on, not even what is being made. */
  end(): void {
    this.ended = true;
    const spare = this.takeAny();
    if (spare) this.giveUp(spare);
  }

  private async makeParts(id: string, parts: Parts, user: UserAhead | undefined): Promise<Discardable> {
    const { driver, layers, areLayersFixed, resources, usage, cpuTime } = parts;
    const { store, cgroups: setup, left, discards } = this.makings;
    const directory = store.ahead(id);
    const cgroups = planCgroup({ setup, id, resources, usage, cpuTime });
    const used = left.take();
    try {
      const ahead = await native().prepare({
        ...(used && { used: used.ahead }),
        directory,
        workspace: driver.plan({ layers, containerDir: directory, ephemeral: true }),
        mount: areLayersFixed,
        ...(user && { ids: user.range, userNamespace: user.namespace }),
        cgroups: cgroups.directories,
      });
      return { ahead, directory, cgroups };
    } catch (error) {
      const cgroup = plannedCgroup(cgroups, error);
      const unfinished = used && [used.directory];
      await discards.remove({ containerDir: directory, unfinished, cgroup });
      throw error;
    }
  }

  private takeAny(): ContainerAhead | undefined {
    const { spare } = this;
    this.spare = undefined;
    if (spare?.parts) this.makings.reserve.giveBack();
    return spare;
  }

  private keep(ahead: ContainerAhead): void {
    if (this.ended || this.spare || ahead.user?.isUsed) return this.giveUp(ahead);
    this.spare = ahead;
    if (ahead.parts) this.makings.reserve.borrow();
  }

  private giveUp({ user, parts }: ContainerAhead): void {
    user?.[Symbol.dispose]();
    if (parts) this.makings.discards.add(parts);
  }
}
