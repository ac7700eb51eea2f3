import os from 'node:os';
import { detectCgroups } from '../cgroup';
import { debugLog } from '../common/debug';
import { errorMessage, SkiffError } from '../common/errors';
import { Lazy } from '../common/lazy';
import { Turns } from '../common/turns';
import { Trace, type Phase } from '../common/trace';
import { native } from '../native';
import { Watchdog } from '../process/watchdog';
import type { RuntimeContext } from '../runtime/context';
import { startError } from '../runtime/errors';
import { SpareNetwork } from '../runtime/networks';
import { withVolumes } from '../runtime/volumes';
import { DescriptorReserve } from '../runtime/reserve';
import { undoAgain, type StepFault } from '../runtime/steps';
import { sweep } from '../runtime/sweep';
import type { LogEntry, LogOptions, LogText, LogTextOptions } from '../logs';
import { ContainerStore, readEvents, type EventOptions, type SkiffEvent } from '../state';
import { VolumeStore } from '../volumes';
import { checkRootLength, selectDriver, type StorageDriver } from '../workspace';
import { systemInfo, type SystemInfo } from './about';
import { initPath, prepareRoot, requireRoot } from './checks';
import type { ContainerHandle } from './container';
import { createContainer, runDetached, type Detaching } from './detached';
import { execToEnd, startDetachedExec, startExec } from './exec';
import { Images } from './images';
import type { ContainerInfo } from './info';
import { Launcher } from './launcher';
import { freezerOf, removeContainer } from './life';
import { FileAccess } from './file-access';
import { inspectContainer, listContainers } from './list';
import { containerLogs, containerLogText } from './logs';
import { lookAtRecord } from './managed';
import { ManagedContainer } from './managed-container';
import type {
  CreateOptions,
  ExecDetachedOptions,
  ExecOptions,
  ExecProcess,
  ExecToEndOptions,
  PoolOptions,
  RunOptions,
  RunResult,
  StartOptions,
} from './options';
import { runToEnd } from './outcome';
import { Pool } from './pool';
import { pruneContainers, type Pruned, type PruneFilters } from './prune';
import { rootDirectory } from './root';
import { selectContainers } from './select';
import { watchStats, type ContainerStats, type StatsOptions } from './stats';
import { Volumes } from './volumes';
import { forDetached, withProfile } from './profiles';
import type { Word } from '../spec/types';

export interface OpenOptions {
  /** Where images and containers are kept; `SKIFF_ROOT`, else /var/lib/skiff. */
  root?: string;
  /** `auto`, `aufs`, `overlay` or `vfs`; `SKIFF_STORAGE_DRIVER`, else `auto`. */
  storageDriver?: string;
  /** Keep the phases of every start, see {@link Skiff.phases}; `SKIFF_TRACE` does so too. */
  trace?: boolean;
  /** Nothing is going to be started, or not soon: what starts need is not made ready for them. */
  idle?: boolean;
  /** For tests: the mounts of containers are copies of this process's, as where the kernel has no open_tree(2). */
  copyMounts?: boolean;
  /** For tests: the named step of every start fails. */
  fault?: StepFault;
}

const debug = debugLog('engine');

/** Runs containers. Several may be open in one process; each closes what it opened. */
export class Skiff {
  /** The volumes of this root. */
  readonly volumes: Volumes;
  private readonly launcher: Launcher;
  private readonly running = new Set<ContainerHandle>();
  private readonly pools = new Set<Pool>();
  private readonly starting = new Set<Promise<unknown>>();
  private swept: Promise<unknown> | undefined;
  private closing: Promise<void> | undefined;

  /** The images of this root. */
  readonly images: Images;

  private constructor(
    /** Where images and containers are kept. */
    readonly root: string,
    private readonly context: RuntimeContext,
    storage: { asked: string; driver: Lazy<StorageDriver> },
    /** Name of the storage driver that containers get, where it can take their layers. */
    readonly storageDriver: string,
  ) {
    const whiteouts = storageDriver === 'aufs' ? 'aufs' : 'overlay';
    this.images = new Images({ root, whiteouts });
    this.launcher = new Launcher(root, context, storage, this.images);
    this.volumes = new Volumes({ root });
  }

  /**
   * @throws SkiffError where this machine or user cannot run containers, naming what is missing
   */
  static async open(options: OpenOptions = {}): Promise<Skiff> {
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
    const context: RuntimeContext = {
      store: new ContainerStore(root),
      volumes: new VolumeStore(root),
      cgroups: detectCgroups(),
      watchdog: new Watchdog(init),
      init,
      network: new SpareNetwork(reserve),
      turns: new Turns(startsAtOnce()),
      reserve,
      mountBase: new Lazy(options.copyMounts ? () => Promise.resolve(-1) : makeMountBase),
      trace: new Trace(options.trace ?? process.env.SKIFF_TRACE !== undefined),
      execs: new Set(),
      unfinished: new Set(),
      fault: options.fault,
    };
    if (!options.idle) makeReady(context);
    return new Skiff(root, context, { asked, driver }, name);
  }

  /** What the starts so far were made of, where it was opened with `trace`. */
  get phases(): readonly Phase[] {
    return this.context.trace.phases;
  }

  /** The unpacked read-only layers that a container of these options gets, topmost first. */
  async layers(options: Pick<StartOptions, 'image' | 'rootfs'> = {}): Promise<string[]> {
    return (await this.launcher.source(options)).layers;
  }

  /** Whether there is an image of that name. */
  async hasImage(name: string): Promise<boolean> {
    return this.images.has(name);
  }

  /**
   * Run a command to its end in a container of its own, and remove all of it.
   *
   * @param command program and arguments; any text but NUL
   * @returns how it ended and what it wrote
   * @throws SkiffError where it could not be run; ABORT_ERR when `signal` aborted it; COMMAND_FAILED when it failed
   * and `reject` was asked for
   */
  async run(
    command: readonly Word[],
    options: RunOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  async run(command: readonly Word[], options?: RunOptions): Promise<RunResult>;
  async run(command: readonly Word[], options: RunOptions = {}): Promise<RunResult | RunResult<Buffer>> {
    return runToEnd(command, withProfile(options), {
      start: started => this.startOne(command, started, { awaitCommand: false }),
      end: container => container.wait(),
    });
  }

  /**
   * Keep containers ready that run a command each as soon as it is asked for, and are thrown away after it.
   *
   * @returns the pool, when its containers are ready
   * @throws SkiffError where they cannot be made
   */
  async pool(options: PoolOptions = {}): Promise<Pool> {
    this.requireOpen();
    const pool = new Pool(this.launcher, options, pool => this.pools.delete(pool));
    this.pools.add(pool);
    await pool.fill();
    this.sweepOnce();
    return pool;
  }

  /**
   * Start a command in a container of its own.
   *
   * @returns the container, when its command runs
   * @throws SkiffError where it could not be started; nothing of it is left then
   */
  async start(command: readonly Word[], options: StartOptions = {}): Promise<ContainerHandle> {
    return this.startOne(command, withProfile(options), { awaitCommand: true });
  }

  private async startOne(
    command: readonly Word[],
    options: StartOptions,
    how: { awaitCommand: boolean },
  ): Promise<ContainerHandle> {
    this.requireOpen();
    const start = this.launcher.start(command, options, how);
    this.starting.add(start);
    try {
      return this.hold(await start);
    } catch (error) {
      throw startError(error, String(command[0]));
    } finally {
      this.starting.delete(start);
    }
  }

  /**
   * Make a container that outlives this process, without starting it.
   *
   * @throws SkiffError where it could not be started as it is; nothing of it is left then
   */
  async create(command: readonly Word[], options: CreateOptions = {}): Promise<ManagedContainer> {
    return this.managed(await createContainer(this.detaching, command, forDetached(options)));
  }

  /**
   * Start a command in a container that outlives this process; resolves when it runs.
   *
   * @throws SkiffError where it could not be started; nothing of it is left then
   */
  async runDetached(command: readonly Word[], options: CreateOptions = {}): Promise<ManagedContainer> {
    this.requireOpen();
    const { record, connection } = await runDetached(this.detaching, command, forDetached(options));
    connection.close();
    this.sweepOnce();
    return this.managed(record);
  }

  /**
   * A container by its name, its id or the beginning of its id.
   *
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
   */
  async get(reference: string): Promise<ManagedContainer> {
    return this.managed(await lookAtRecord(this.context, reference));
  }

  /**
   * Start a further command in a container that runs: in all of its namespaces, within its limits, with the rights of
   * its own command.
   *
   * @param reference the container's name, its id or the beginning of its id
   * @returns the command, when it runs
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, CONTAINER_NOT_RUNNING, CONTAINER_PAUSED, or why the command cannot
   * be executed (`exitCode` 126, 127)
   */
  async exec(reference: string, command: readonly Word[], options: ExecOptions = {}): Promise<ExecProcess> {
    this.requireOpen();
    return this.noteStart(startExec(this.context, reference, command, options));
  }

  /** {@link exec} to the command's end, with what it wrote; otherwise as {@link run}. */
  async execToEnd(
    reference: string,
    command: readonly Word[],
    options: ExecToEndOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  async execToEnd(
    reference: string,
    command: readonly Word[],
    options?: ExecToEndOptions,
  ): Promise<RunResult>;
  async execToEnd(
    reference: string,
    command: readonly Word[],
    options: ExecToEndOptions = {},
  ): Promise<RunResult | RunResult<Buffer>> {
    return execToEnd(command, options, given => this.exec(reference, command, given));
  }

  /**
   * Start a command in a container that nobody waits for: it has no streams and outlives this process.
   *
   * @throws SkiffError as {@link exec} does
   */
  async execDetached(
    reference: string,
    command: readonly Word[],
    options: ExecDetachedOptions = {},
  ): Promise<void> {
    this.requireOpen();
    await this.noteStart(startDetachedExec(this.context, reference, command, options));
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
   * What a detached container wrote, line by line: `for await (const { stream, data } of skiff.logs('bird'))`.
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
   * Remove a container that was kept, by its name, its id or the beginning of its id.
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

  /** Kill and remove what still runs, and give back everything that was opened. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private get detaching(): Detaching {
    return { context: this.context, launcher: this.launcher, images: this.images.store };
  }

  private managed({ id, name }: { id: string; name: string }): ManagedContainer {
    return new ManagedContainer(this.detaching, id, name);
  }

  /** What is being started is waited for at the closing. */
  private async noteStart<T>(start: Promise<T>): Promise<T> {
    this.starting.add(start);
    try {
      return await start;
    } finally {
      this.starting.delete(start);
    }
  }

  private requireOpen(): void {
    if (this.closing) throw new SkiffError('this Skiff is closed', { code: 'CLOSED' });
  }

  private hold(container: ContainerHandle): ContainerHandle {
    this.running.add(container);
    const forget = () => this.running.delete(container);
    container.wait().then(forget, forget);
    this.sweepOnce();
    return container;
  }

  /** On the side, once somebody has what he asked for. */
  private sweepOnce(): void {
    this.swept ??= this.sweep().catch(error => debug('sweep: %s', errorMessage(error)));
  }

  private async closeNow(): Promise<void> {
    await Promise.allSettled(this.starting);
    const removals = await Promise.allSettled([
      ...[...this.pools].map(pool => pool.end()),
      ...[...this.running].map(container => container.end()),
      ...[...this.context.execs].map(exec => exec.end()),
    ]);
    await this.swept;
    await undoAgain(this.context.unfinished);
    await this.context.network.close();
    this.context.reserve.release();
    await this.context.watchdog.stop();
    native().close({
      fds: [this.context.init, (await this.context.mountBase.made) ?? -1].filter(fd => fd >= 0),
    });
    if (process.env.SKIFF_TRACE) this.context.trace.write(process.env.SKIFF_TRACE);
    for (const removal of removals) if (removal.status === 'rejected') throw removal.reason;
  }
}

/** What every start needs and none need wait for. */
function makeReady({ watchdog, mountBase }: RuntimeContext): void {
  watchdog.companion().catch(() => undefined);
  void mountBase.get();
}

/** Where it cannot be had, starts copy the mounts of this process, which costs more the more there are. */
async function makeMountBase(): Promise<number> {
  try {
    return await native().makeMountBase();
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
