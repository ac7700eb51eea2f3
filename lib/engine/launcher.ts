import fs from 'node:fs';
import path from 'node:path';
import { errorCode, invalidArgument } from '../common/errors';
import type { Lazy } from '../common/lazy';
import { native } from '../native';
import type { RuntimeContext } from '../runtime/context';
import { goParked, nativeFault, startContainer, type Started, type StartPlan } from '../runtime/start';
import { undoAgain, withFailures } from '../runtime/steps';
import { compileSpec, type CompiledSpec } from '../spec/compiled';
import { checkOptions, toSpec, toTimeout } from '../spec/options';
import type { ProcessOptions } from '../spec/plan';
import { absoluteVolumes } from '../spec/volumes';
import { selectDriver, type StorageDriver } from '../workspace';
import { checkStdio, requireDirectory, requireSources } from './checks';
import { ContainerHandle, type HandleOptions } from './container';
import { thisMachine } from './machine';
import type { Images, RootSource } from './images';
import type { StartOptions } from './options';
import { throwIfAborted } from './outcome';
import { CompiledPlans } from './plans';
import { ContainerStreams } from './stdio';
import type { Word } from '../spec/types';

/** A container that waits for its command. */
export interface ParkedContainer {
  id: string;
  started: Started;
  source: RootSource;
}

/** What the parked init's command would be; it gets another one with GO. */
export const NO_COMMAND = ['-'];

const PARKED = { stdio: 'parked', awaitCommand: false } as const;

/** Starts containers as options ask for them. */
export class Launcher {
  private readonly plans = new CompiledPlans();

  constructor(
    private readonly root: string,
    private readonly context: RuntimeContext,
    private readonly storage: { asked: string; driver: Lazy<StorageDriver> },
    private readonly images: Images,
  ) {}

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
    const since = performance.now();
    checkOptions(command, options);
    checkStdio(options);
    // The working directory may be another one when its turn comes.
    options = withAbsoluteVolumes(options);
    return this.context.turns.during(async () => {
      throwIfAborted(command, options.signal);
      await undoAgain(this.context.unfinished);
      const source = await this.source(options);
      const id = native().randomId();
      const spec = this.compile(id, command, options, source);
      requireSources(spec);
      return this.withStreams(options, { since, retried: false }, streams =>
        this.launch(id, spec, source, options, { stdio: streams.given, awaitCommand }),
      );
    });
  }

  /** Have a container ready up to its command. */
  async park(options: StartOptions): Promise<ParkedContainer> {
    await undoAgain(this.context.unfinished);
    const source = await this.source(options);
    const id = native().randomId();
    const spec = this.compile(id, NO_COMMAND, options, source);
    requireSources(spec);
    return { id, source, started: await this.launch(id, { ...spec, args: [] }, source, options, PARKED) };
  }

  /** Give a parked container its command; where that fails, it is removed. */
  async command(
    { id, source, started }: ParkedContainer,
    command: readonly Word[],
    options: StartOptions,
    since: number,
  ): Promise<ContainerHandle> {
    try {
      checkOptions(command, options);
      checkStdio(options);
      const spec = this.compile(id, command, options, source);
      return await this.withStreams(options, { since, retried: true }, async streams => {
        await goParked(started, spec, streams.given);
        return started;
      });
    } catch (error) {
      throw withFailures(error, await started.steps.undo());
    }
  }

  /** The read-only layers, topmost first, and what the image says. */
  async source({ image, rootfs }: Pick<StartOptions, 'image' | 'rootfs'>): Promise<RootSource> {
    if (rootfs !== undefined) {
      if (image !== undefined) throw invalidArgument('image and rootfs exclude each other');
      return { name: rootfs, layers: [requireDirectory(rootfs)], stored: false, config: {} };
    }
    const start = performance.now();
    const source = await this.images.source(image ?? 'busybox');
    this.context.trace.add(source.name, 'read-only layer', start);
    return source;
  }

  /** What a detached container is started with: its plans, its layers and the driver for them. */
  async prepare(
    id: string,
    command: readonly Word[],
    options: StartOptions,
  ): Promise<{ source: RootSource; spec: CompiledSpec; driver: StorageDriver }> {
    checkOptions(command, options);
    const source = await this.source(options);
    const spec = this.compileNow(id, command, options, source, { endsWithParent: true });
    requireSources(spec);
    return { source, spec, driver: await this.driverFor(source.layers) };
  }

  private async launch(
    id: string,
    spec: CompiledSpec,
    source: RootSource,
    options: StartOptions,
    command: Pick<StartPlan, 'stdio' | 'awaitCommand'>,
  ): Promise<Started> {
    return startContainer(this.context, {
      id,
      name: options.name ?? id.slice(0, 12),
      claimName: options.name !== undefined,
      image: source.name,
      imageId: source.imageId,
      layers: source.layers,
      driver: await this.driverFor(source.layers),
      keep: options.keep ?? false,
      spec,
      usage: options.usage ?? true,
      ...command,
    });
  }

  /** Make the streams that the options ask for, and let go of them where the start fails. */
  private async withStreams(
    options: StartOptions,
    run: Pick<HandleOptions, 'since' | 'retried'>,
    start: (streams: ContainerStreams) => Promise<Started>,
  ): Promise<ContainerHandle> {
    const streams = new ContainerStreams(options);
    try {
      const started = await start(streams);
      await attach(streams, started);
      return new ContainerHandle(this.context, started, streams, {
        ...run,
        timeoutMs: toTimeout(options.timeout),
        signal: options.signal,
        keep: options.keep ?? false,
      });
    } catch (error) {
      streams.discard();
      throw error;
    }
  }

  private compile(
    id: string,
    command: readonly Word[],
    options: StartOptions,
    source: RootSource,
  ): CompiledSpec {
    const layer = source.layers[0]!;
    const state = source.stored ? (source.imageId ?? layer) : stateOfAccounts(layer);
    return this.plans.get(id, state, { command, options }, () =>
      this.compileNow(id, command, options, source),
    );
  }

  private compileNow(
    id: string,
    command: readonly Word[],
    options: StartOptions,
    { layers, config }: RootSource,
    process: ProcessOptions = {},
  ): CompiledSpec {
    const { store, fault } = this.context;
    const spec = toSpec({
      id,
      command,
      options,
      image: config,
      rootPath: path.join(store.directory(id), 'mnt'),
      readFile: file => readInLayers(layers, file),
      machine: thisMachine(),
    });
    return compileSpec(spec, { init: options.init, fault: fault && nativeFault(fault), ...process });
  }

  /** The driver chosen at the opening may not be able to take every directory as a layer. */
  private async driverFor(layers: string[]): Promise<StorageDriver> {
    const { asked } = this.storage;
    const driver = await this.storage.driver.get();
    if (driver.refuses({ layers, root: this.root }) === undefined) return driver;
    return selectDriver({ root: this.root, name: asked, layers });
  }
}

/** A small file of the image, as the union of its layers shows it. */
function readInLayers(layers: readonly string[], file: string): Buffer | null {
  for (const layer of layers) {
    try {
      const found = native().readFileInRoot({ root: layer, path: file, maxBytes: 1 << 20 });
      if (found !== null) return found;
    } catch (error) {
      // Opening a whiteout, a device of no driver: the file is deleted in this layer.
      if (errorCode(error) === 'ENXIO') return null;
      throw error;
    }
  }
  return null;
}

/** The same options where they do not depend on the working directory any more. */
export function withAbsoluteVolumes<Options extends StartOptions>(options: Options): Options {
  const { volumes } = options;
  return volumes?.some(text => text.startsWith('.'))
    ? { ...options, volumes: absoluteVolumes(volumes) }
    : options;
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

/** A file that changed less than this long ago (ms) may change again within the same tick of its ctime. */
const SETTLE_MS = 1000;

/**
 * Of a directory that may change: the state of what a spec is made of besides options, /etc/passwd and /etc/group.
 *
 * @returns undefined where it cannot be told without following links, or they have just been changed
 */
function stateOfAccounts(directory: string): string | undefined {
  const etc = fs.lstatSync(path.join(directory, 'etc'), { throwIfNoEntry: false });
  if (!etc?.isDirectory()) return undefined;
  const states = ['passwd', 'group'].map(name => stateOf(path.join(directory, 'etc', name)));
  return states.includes(undefined) ? undefined : [directory, ...states].join('\0');
}

function stateOf(file: string): string | undefined {
  const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (!stat?.isFile() || Date.now() - Number(stat.ctimeMs) < SETTLE_MS) return undefined;
  return [stat.dev, stat.ino, stat.size, stat.ctimeNs].join('-');
}
