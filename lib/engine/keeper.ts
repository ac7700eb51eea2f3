import type { Lazy } from '../common/lazy';
import type { LogEntry, LogOptions, LogText, LogTextOptions } from '../logs';
import type { RuntimeContext } from '../runtime/context';
import { sweep } from '../runtime/sweep';
import { withVolumes } from '../runtime/volumes';
import { readEvents, type EventOptions, type SkiffEvent } from '../state';
import type { StorageDriver } from '../workspace';
import { systemInfo, type SystemInfo } from './about';
import type { Detaching } from './detached';
import { FileAccess } from './file-access';
import { Images } from './images';
import type { ContainerInfo } from './info';
import { Launcher } from './launcher';
import { removeContainer } from './life';
import { freezerOf } from './pause';
import { inspectContainer, listContainers } from './list';
import { containerLogs, containerLogText } from './logs';
import { lookAtRecord } from './managed';
import { ManagedContainer } from './managed-container';
import { pruneContainers, type Pruned, type PruneFilters } from './prune';
import { selectContainers } from './select';
import { watchStats, type ContainerStats, type StatsOptions } from './stats';
import { Volumes } from './volumes';

/** How containers' file systems are put together. */
export interface Storage {
  asked: string;
  driver: Lazy<StorageDriver>;
  /** Name of the driver that containers get, where it can take their layers. */
  name: string;
}

/** What can be done with the containers, images and volumes that are there. */
export abstract class Keeper {
  /** The images of this root. */
  readonly images: Images;
  /** The volumes of this root. */
  readonly volumes: Volumes;
  /** Name of the storage driver that containers get, where it can take their layers. */
  readonly storageDriver: string;
  protected readonly launcher: Launcher;

  protected constructor(
    /** Where images and containers are kept. */
    readonly root: string,
    protected readonly context: RuntimeContext,
    storage: Storage,
  ) {
    this.storageDriver = storage.name;
    this.images = new Images({ root, whiteouts: storage.name === 'aufs' ? 'aufs' : 'overlay' });
    this.volumes = new Volumes({ root });
    this.launcher = new Launcher(root, context, storage, this.images);
  }

  /**
   * A container by its name, its id or the beginning of its id.
   *
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
   */
  async get(reference: string): Promise<ManagedContainer> {
    return this.managed(await lookAtRecord(this.context, reference));
  }

  /** All containers of this root, the newest first. */
  async list(): Promise<ContainerInfo[]> {
    return listContainers(this.context);
  }

  /**
   * What is known of a container.
   *
   * @param reference its name, its id or the beginning of its id
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
   */
  async inspect(reference: string): Promise<ContainerInfo> {
    return inspectContainer(reference, this.context);
  }

  /**
   * Ways into a container's file system and out of it, whether it runs or not.
   *
   * @param reference its name, its id or the beginning of its id
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
   */
  async files(reference: string): Promise<FileAccess> {
    const { store } = this.context;
    const freezer = freezerOf(this.context);
    return new FileAccess({ store, images: this.images.store, freezer }, await this.inspect(reference));
  }

  /**
   * What a detached container wrote, line by line: `for await (const { stream, data } of skiff.logs('bird'))`.
   *
   * @param reference its name, its id or the beginning of its id
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, NO_LOG, INVALID_ARGUMENT, ABORT_ERR
   */
  logs(reference: string, options: LogOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    return containerLogs(reference, options, this.context.store);
  }

  /**
   * The same as it was written, newlines and all, in parts as large as they come; each is valid until the next are asked
   * for.
   */
  logText(reference: string, options: LogTextOptions = {}): AsyncGenerator<LogText[], void, undefined> {
    return containerLogText(reference, options, this.context.store);
  }

  /**
   * What happens to containers, images and volumes of this root, whoever does it: `for await (const event of
   * skiff.events({ filters: { type: ['container'] } }))`. Without `since` and `until` it begins now and does not end.
   *
   * @throws SkiffError INVALID_ARGUMENT, INVALID_FILTER, ABORT_ERR
   */
  events(options: EventOptions = {}): AsyncGenerator<SkiffEvent, void, undefined> {
    return readEvents(this.root, options);
  }

  /**
   * Remove a container that does not run, by its name, its id or the beginning of its id.
   *
   * @param options.force kill it where it runs
   * @param options.volumes its anonymous volumes, too, but those that another container has
   * @returns its id
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, CONTAINER_RUNNING
   */
  async remove(
    reference: string,
    { volumes = false, ...options }: { force?: boolean; volumes?: boolean } = {},
  ): Promise<string> {
    const remove = () => removeContainer(this.context, reference, options);
    return volumes ? withVolumes(reference, this.context, remove) : remove();
  }

  /** Remove what killed processes left behind, as every start does on the side. Returns what could not be removed. */
  async sweep(): Promise<string[]> {
    return sweep(this.root, this.context.store, this.context.cgroups);
  }

  /**
   * What containers use, again and again: one list for each look. It ends with `options.signal`, or when it is left.
   *
   * @param references of containers, by names or ids; those that run where there are none
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
   */
  stats(references: readonly string[] = [], options?: StatsOptions): AsyncGenerator<ContainerStats[], void> {
    const named = () => Promise.all(references.map(reference => this.inspect(reference)));
    const running = async () => selectContainers(await this.list());
    return watchStats(references.length > 0 ? named : running, options);
  }

  /** Remove the containers that do not run. */
  async pruneContainers(filters?: PruneFilters): Promise<Pruned> {
    return pruneContainers(this, filters);
  }

  /** Of this machine and of this root's containers. */
  async info(): Promise<SystemInfo> {
    const images = this.images.store.list().length;
    return systemInfo({ root: this.root, driver: this.storageDriver }, await this.list(), images);
  }

  protected get detaching(): Detaching {
    return { context: this.context, launcher: this.launcher, images: this.images.store };
  }

  protected managed({ id, name }: { id: string; name: string }): ManagedContainer {
    return new ManagedContainer(this.detaching, id, name);
  }
}
