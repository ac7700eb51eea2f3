import { monotonicMs } from '../common/clock';
import { invalidArgument } from '../common/errors';
import type { Lazy } from '../common/lazy';
import { native } from '../native';
import type { RuntimeContext } from '../runtime/context';
import type { PlannedIds } from '../runtime/ids';
import type { Kind } from '../runtime/ahead/container-ahead';
import { goParked } from '../runtime/go';
import { startContainer, type Started } from '../runtime/start';
import type { StartPlan } from '../runtime/start-plan';
import { undoAgain, withFailures } from '../runtime/steps';
import type { CompiledSpec, SpecStencil } from '../spec/compiled';
import { checkOptions, toTimeout } from '../spec/options';
import type { StorageDriver } from '../workspace';
import { checkStdio, requireDirectory } from './checks';
import { collectorOf, type Collector } from './collector';
import { ContainerHandle, type HandleOptions } from './container';
import { Drivers } from './drivers';
import { withFiles } from './input-files';
import { countersOf, kindOf, type KindInput } from './kind';
import { KnownMounts } from './known-mounts';
import type { LastStart } from './last-start';
import type { Images, MadeOf, RootSource } from './images';
import { withAbsoluteVolumes, type ContainerMounts } from './mounts';
import type { StartOptions } from './options';
import { throwIfAborted } from './outcome';
import { SpecCompiler, type CompileInput } from './spec-compiler';
import { ContainerStreams } from './stdio';
import { refuseStorageSize, toStorageSize } from './storage-size';
import { containerIds, idSupply } from './user-namespace';
import type { Word } from '../spec/types';
import type { IdSupply, RecordedMount } from '../state';

/** A container that waits for its command. */
export interface ParkedContainer {
  id: string;
  started: Started;
  source: RootSource;
  mounts: ContainerMounts | undefined;
}

/** What the parked init's command would be; it gets another one with GO. */
export const NO_COMMAND = ['-'];

/** What is kept of a container from its making. */
export interface Recorded {
  made: MadeOf;
  mounts: readonly RecordedMount[];
  /** Name of the storage driver. */
  driver: string;
}

/** What a detached container is started with: its plans, its layers and the driver for them, its mounts. */
export interface Prepared {
  source: RootSource;
  spec: CompiledSpec;
  driver: StorageDriver;
  mounts: ContainerMounts | undefined;
}

/** What a container is made of, beside its options. */
type Parts = Pick<StartPlan, 'mounts' | 'ids' | 'ahead' | 'driver' | 'isCommon'>;

const PARKED = { stdio: 'parked', awaitCommand: false } as const;

/** Starts containers as options ask for them. */
export class Launcher {
  private readonly compiler: SpecCompiler;
  private readonly knownMounts = new KnownMounts();
  private readonly drivers: Drivers;
  private supply: IdSupply | undefined;

  constructor(
    root: string,
    private readonly context: RuntimeContext,
    storage: { asked: string; driver: Lazy<StorageDriver> },
    private readonly images: Images,
  ) {
    this.compiler = new SpecCompiler(context);
    this.drivers = new Drivers(root, storage);
  }

  /**
   * Start a command in a container of its own.
   *
   * @param awaitCommand resolve when it runs, reject where it cannot; else its end tells
   */
  async start(
    command: readonly Word[],
    options: StartOptions,
    { awaitCommand }: { awaitCommand: boolean },
  ): Promise<ContainerHandle> {
    const since = monotonicMs();
    const last = this.compiler.check(command, options);
    checkStdio(options);
    const collector = collectorOf(options);
    // The working directory may be another one when its turn comes.
    options = withAbsoluteVolumes(options);
    return this.context.turns.during(async () => {
      throwIfAborted(command, options.signal);
      if (this.context.unfinished.size > 0) await undoAgain(this.context.unfinished);
      const source = await this.source(options);
      const ids = this.ids(options);
      const driver = await this.drivers.for(source.layers, ids);
      const mounts = this.mounts(options, source);
      const stencil = await this.stencil({ command, options, source }, mounts, last);
      const kind = this.kind({ options, source, driver, ids, spec: stencil.compiled });
      using ahead = kind && this.context.spares.containers.take(kind);
      const id = ahead?.id ?? native().randomId();
      const spec = withFiles(stencil.for(id), options);
      const parts = { mounts, ids, ahead, driver, isCommon: kind?.parts !== undefined };
      const run = { since, retried: false, collector };
      return await this.withStreams(options, run, streams =>
        collector.isNeeded
          ? this.launchInParts(id, spec, source, options, { streams, collector, ...parts })
          : this.launch(id, spec, source, options, { stdio: streams.given, awaitCommand, ...parts }),
      );
    });
  }

  /** Have a container ready up to its command. */
  async park(options: StartOptions): Promise<ParkedContainer> {
    await undoAgain(this.context.unfinished);
    const source = await this.source(options);
    const id = native().randomId();
    const mounts = this.mounts(options, source);
    const stencil = await this.compiler.compile({ command: NO_COMMAND, options, source }, mounts);
    const ids = this.ids(options);
    const driver = await this.drivers.for(source.layers, ids);
    const parts = { mounts, ids, driver, isCommon: false };
    const started = await this.launch(id, { ...stencil.for(id), args: [] }, source, options, {
      ...PARKED,
      ...parts,
    });
    return { id, source, mounts, started };
  }

  /** Give a parked container its command; where that fails, it is removed. */
  async command(
    { id, source, started, mounts }: ParkedContainer,
    command: readonly Word[],
    options: StartOptions,
    since: number,
  ): Promise<ContainerHandle> {
    try {
      const last = this.compiler.check(command, options);
      checkStdio(options);
      const stencil = await this.stencil({ command, options, source }, mounts, last);
      const spec = withFiles(stencil.for(id), options);
      const collector = collectorOf(options);
      return await this.withStreams(options, { since, retried: true, collector }, async streams => {
        collector.open(started.init.pid);
        await goParked(started, spec, streams.given);
        return started;
      });
    } catch (error) {
      throw withFailures(error, await started.steps.undo());
    }
  }

  // What is known is not promised, here and below: each promise between an option and the clone is two turns of the queue.
  private stencil(
    input: CompileInput,
    mounts: ContainerMounts | undefined,
    last: LastStart | undefined,
  ): SpecStencil | Promise<SpecStencil> {
    const known = last && this.compiler.again(last, input.source, mounts);
    return known ?? this.compiler.compile(input, mounts, last);
  }

  /** The read-only layers, topmost first, and what the image says. */
  source({ image, rootfs }: Pick<StartOptions, 'image' | 'rootfs'>): RootSource | Promise<RootSource> {
    if (rootfs !== undefined) {
      if (image !== undefined) throw invalidArgument('image and rootfs exclude each other');
      return { name: rootfs, layers: [requireDirectory(rootfs)], stored: false, config: {} };
    }
    const start = monotonicMs();
    const noteTime = (source: RootSource) => {
      this.context.trace.add(source.name, 'read-only layer', start);
      return source;
    };
    const source = this.images.source(image ?? 'busybox');
    return source instanceof Promise ? source.then(noteTime) : noteTime(source);
  }

  /** The same of a container that has been made before; a directory is looked at again. */
  private async sourceAgain(
    options: Pick<StartOptions, 'image' | 'rootfs'>,
    made: MadeOf | undefined,
  ): Promise<RootSource> {
    const known = made && options.rootfs === undefined && (await this.images.sourceOfContainer(made));
    return known || this.source(options);
  }

  /**
   * What a detached container is started with. Nothing is made yet.
   *
   * @param recorded what it was made with, where it has been made before
   */
  async prepare(
    id: string,
    command: readonly Word[],
    options: StartOptions,
    recorded?: Recorded,
  ): Promise<Prepared> {
    checkOptions(command, options);
    refuseStorageSize(options);
    const source = await this.sourceAgain(options, recorded?.made);
    const mounts = this.mounts(options, source, recorded?.mounts);
    const input = { command, options, source };
    const spec = await this.compiler.compileDetached(id, input, mounts?.mounts ?? []);
    const driver = await this.drivers.for(source.layers, this.ids(options), recorded?.driver);
    return { source, spec, mounts, driver };
  }

  /** The ids of a user namespace of its own, where the options ask for one. */
  ids(options: Pick<StartOptions, 'userns' | 'privileged'>): PlannedIds | undefined {
    return containerIds(options, () => (this.supply ??= idSupply()));
  }

  /** A failure that a test injects is not to come before its start. */
  private kind(input: KindInput): Kind | undefined {
    return this.context.fault ? undefined : kindOf(input);
  }

  private launch(
    id: string,
    spec: CompiledSpec,
    source: RootSource,
    options: StartOptions,
    parts: Parts & Pick<StartPlan, 'stdio' | 'awaitCommand'>,
  ): Promise<Started> {
    return startContainer(this.context, {
      id,
      name: options.name ?? id.slice(0, 12),
      claimName: options.name !== undefined,
      image: source.name,
      imageId: source.imageId,
      layers: source.layers,
      keep: options.keep ?? false,
      storageSize: toStorageSize(options),
      spec,
      ...countersOf(options),
      ...parts,
    });
  }

  /** Have it parked first, so that what will be asked for at its end can be opened while nothing of it runs. */
  private async launchInParts(
    id: string,
    spec: CompiledSpec,
    source: RootSource,
    options: StartOptions,
    { streams, collector, ...parts }: { streams: ContainerStreams; collector: Collector } & Parts,
  ): Promise<Started> {
    const started = await this.launch(id, spec, source, options, { ...PARKED, ...parts });
    try {
      collector.open(started.init.pid);
      await goParked(started, spec, streams.given);
      return started;
    } catch (error) {
      throw withFailures(error, await started.steps.undo());
    }
  }

  /** Make the streams that the options ask for, and let go of them where the start fails. */
  private async withStreams(
    options: StartOptions,
    run: Pick<HandleOptions, 'since' | 'retried' | 'collector'>,
    start: (streams: ContainerStreams) => Promise<Started>,
  ): Promise<ContainerHandle> {
    const streams = new ContainerStreams(options);
    try {
      const started = await start(streams);
      await attach(streams, started);
      return new ContainerHandle(this.context, started, streams, {
        timeoutMs: toTimeout(options.timeout),
        cpuTimeMs: toTimeout(options.cpuTime),
        signal: options.signal,
        keep: options.keep ?? false,
        hasStorageSize: options.storageOpt?.size !== undefined,
        ...run,
      });
    } catch (error) {
      run.collector?.close();
      streams.discard();
      throw error;
    }
  }

  private mounts(
    options: StartOptions,
    { config }: RootSource,
    recorded?: readonly RecordedMount[],
  ): ContainerMounts | undefined {
    return this.knownMounts.resolve(options, config.volumes ?? [], this.context, recorded);
  }
}

/** What runs but cannot be given its streams is ended and removed: nobody would hold it. */
async function attach(streams: ContainerStreams, { steps, ends }: Started): Promise<void> {
  const { terminal } = ends;
  // The caller's from here on: at the time of the undo its number may be another container's.
  ends.terminal = -1;
  try {
    await streams.attach(terminal);
  } catch (error) {
    throw withFailures(error, await steps.undo());
  }
}
