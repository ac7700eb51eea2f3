import { planCgroup, type CgroupPlan, type CgroupSetup } from '../cgroup';
import type { Resources } from '../common/resources';
import { native } from '../native';
import type { ContainerStore } from '../state';
import type { StorageDriver } from '../workspace';
import type { DescriptorReserve } from './reserve';
import type { Spare } from './spare';

/** Of a start, what can be made ahead. */
export interface Wanted {
  driver: StorageDriver;
  /** Topmost first. */
  layers: string[];
  /** Nobody changes its layers as long as they are there. */
  areLayersFixed: boolean;
  spec: { resources: Resources };
  usage: boolean;
  cpuTime: boolean;
  /** What is mounted in it, if anything. */
  mounts?: object;
}

/** What the next container is likely to be made of: that of the last one. */
interface Likely extends Pick<Wanted, 'driver' | 'layers' | 'areLayersFixed' | 'usage' | 'cpuTime'> {
  resources: Resources;
}

/** An id and what is made for it; of a start that does not come to it, it is kept for the next. */
export class ContainerAhead {
  private used = false;

  /** @param cgroups what was decided of its cgroups, for a container like `like` */
  constructor(
    readonly id: string,
    private readonly ahead: number,
    private readonly cgroups: CgroupPlan,
    private readonly like: Likely,
    private readonly giveBack: (ahead: ContainerAhead) => void,
  ) {}

  /** For `start`, which takes all of it: what it made is the container's from here on. */
  use(): number {
    this.used = true;
    return this.ahead;
  }

  /** All of it is what that one is to be made of. */
  isFor(wanted: Wanted): boolean {
    const { driver, layers } = this.like;
    const sameLayers = layers === wanted.layers || layers.join('\0') === wanted.layers.join('\0');
    return driver === wanted.driver && sameLayers && !wanted.mounts && this.cgroupsFor(wanted) !== undefined;
  }

  /** The plan of its cgroups; undefined where they are wanted otherwise. */
  cgroupsFor({ spec, usage, cpuTime }: Wanted): CgroupPlan | undefined {
    const { like } = this;
    const fits = like.resources === spec.resources && like.usage === usage && like.cpuTime === cpuTime;
    return fits ? this.cgroups : undefined;
  }

  [Symbol.dispose](): void {
    if (!this.used) this.giveBack(this);
  }
}

/**
 * The directories, the mounted layers and the cgroups of the next container. On disk file systems a directory takes
 * longer to make, and much longer to remove, than anything else of a container's life: so a container that has written
 * nothing leaves its own, empty, to the next one. The directory's name tells its maker, and is swept like that of a start
 * which was killed.
 */
export class SpareContainer implements Spare {
  private spare: ContainerAhead | undefined;
  /** A directory that was left. */
  private left: number | undefined;
  private likely: Likely | undefined;
  private readonly discarding = new Set<Promise<void>>();

  constructor(
    private readonly store: ContainerStore,
    private readonly cgroups: CgroupSetup,
    private readonly reserve: DescriptorReserve,
  ) {}

  get isReady(): boolean {
    return this.spare !== undefined || this.likely === undefined;
  }

  /** What is there for a start; to be disposed of after it. */
  take(): ContainerAhead | undefined {
    const { spare } = this;
    this.spare = undefined;
    if (spare) this.reserve.giveBack();
    return spare;
  }

  /** The next one will be like this one. */
  expect({ driver, layers, areLayersFixed, spec, usage, cpuTime }: Wanted): void {
    this.likely = { driver, layers, areLayersFixed, resources: spec.resources, usage, cpuTime };
  }

  /** Where a container that ends leaves its directory, unless another one has. */
  placeFor(id: string): string {
    return this.store.ahead(id);
  }

  /** @param ahead what `remove` has left at such a place */
  leave(ahead: number): void {
    if (this.left === undefined) this.left = ahead;
    else this.discard(ahead);
  }

  async prepare(): Promise<void> {
    const { likely } = this;
    if (!likely) return;
    const { driver, layers, areLayersFixed, resources, usage, cpuTime } = likely;
    const id = native().randomId();
    const directory = this.store.ahead(id);
    const cgroups = planCgroup({ setup: this.cgroups, id, resources, usage, cpuTime });
    const used = this.left;
    this.left = undefined;
    const ahead = await native().prepare({
      ...(used !== undefined && { used }),
      directory,
      workspace: driver.plan({ layers, containerDir: directory, ephemeral: true }),
      mount: areLayersFixed,
      cgroups: cgroups.directories,
    });
    this.keep(new ContainerAhead(id, ahead, cgroups, likely, unused => this.keep(unused)));
  }

  async drop(): Promise<void> {
    const spare = this.take();
    if (spare) this.discard(spare.use());
    const { left } = this;
    this.left = undefined;
    if (left !== undefined) this.discard(left);
    await Promise.all(this.discarding);
  }

  private discard(ahead: number): void {
    const done = native()
      .discard({ ahead })
      .finally(() => this.discarding.delete(done));
    this.discarding.add(done);
  }

  private keep(ahead: ContainerAhead): void {
    if (this.spare) return this.discard(ahead.use());
    this.spare = ahead;
    this.reserve.borrow();
  }
}
