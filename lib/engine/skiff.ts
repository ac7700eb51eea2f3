import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { detectCgroups } from '../cgroup';
import { debugLog } from '../common/debug';
import { makeDirectories } from '../common/directories';
import { errorCode, errorMessage, invalidArgument, SkiffError } from '../common/errors';
import { packageRoot } from '../common/package';
import { Trace, type Phase } from '../common/trace';
import { findImage, hasImage } from '../image';
import { native } from '../native';
import { Watchdog } from '../process/watchdog';
import type { RuntimeContext } from '../runtime/context';
import { startError } from '../runtime/errors';
import { removeContainer } from '../runtime/remove';
import { SpareNetwork } from '../runtime/networks';
import { nativeFault, startContainer, type Started } from '../runtime/start';
import { undoAgain, withFailures, type StepFault } from '../runtime/steps';
import { sweep } from '../runtime/sweep';
import { compileSpec, type CompiledSpec } from '../spec/compiled';
import { checkOptions, toSpec, toTimeout } from '../spec/options';
import { ContainerStore } from '../state';
import { checkRootLength, createReadOnlyLayer, selectDriver, type StorageDriver } from '../workspace';
import { ContainerHandle } from './container';
import { thisMachine } from './machine';
import type { RunOptions, RunResult, StartOptions } from './options';
import { CompiledPlans } from './plans';
import { ContainerStreams, isOpen } from './stdio';

export interface OpenOptions {
  /** Where images and containers are kept; `SKIFF_ROOT`, else /var/lib/skiff. */
  root?: string;
  /** `auto`, `aufs`, `overlay` or `vfs`; `SKIFF_STORAGE_DRIVER`, else `auto`. */
  storageDriver?: string;
  /** Keep the phases of every start, see {@link Skiff.phases}; `SKIFF_TRACE` does so too. */
  trace?: boolean;
  /** For tests: the named step of every start fails. */
  fault?: StepFault;
}

/** What a container's file system is made of. */
interface Source {
  name: string;
  /** Read-only layers, topmost first. */
  layers: string[];
  /** They never change. */
  stored: boolean;
}

/** Where images and containers are kept where nothing else is said. */
export const DEFAULT_ROOT = '/var/lib/skiff';
const DEFAULT_MAX_BUFFER = 10 * 1024 * 1024;

const debug = debugLog('engine');

/** Runs containers. Several may be open in one process; each closes what it opened. */
export class Skiff {
  private readonly plans = new CompiledPlans();
  private readonly running = new Set<ContainerHandle>();
  private readonly starting = new Set<Promise<unknown>>();
  private swept: Promise<unknown> | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    /** Where images and containers are kept. */
    readonly root: string,
    private readonly context: RuntimeContext,
    private readonly storage: { asked: string; driver: StorageDriver },
  ) {}

  /**
   * @throws SkiffError where this machine or user cannot run containers, naming what is missing
   */
  static async open(options: OpenOptions = {}): Promise<Skiff> {
    const root = path.resolve(options.root ?? process.env.SKIFF_ROOT ?? DEFAULT_ROOT);
    requireRoot();
    checkRootLength(root);
    prepareRoot(root);
    const asked = options.storageDriver ?? process.env.SKIFF_STORAGE_DRIVER ?? 'auto';
    const driver = await selectDriver({ root, name: asked });
    const init = native().openInit({ path: initPath() });
    const context: RuntimeContext = {
      store: new ContainerStore(root),
      cgroups: detectCgroups(),
      watchdog: new Watchdog(init),
      init,
      network: new SpareNetwork(),
      trace: new Trace(options.trace ?? process.env.SKIFF_TRACE !== undefined),
      unfinished: new Set(),
      fault: options.fault,
    };
    return new Skiff(root, context, { asked, driver });
  }

  /** Name of the storage driver that containers get, where it can take their layers. */
  get storageDriver(): string {
    return this.storage.driver.name;
  }

  /** What the starts so far were made of, where it was opened with `trace`. */
  get phases(): readonly Phase[] {
    return this.context.trace.phases;
  }

  /** The unpacked read-only layers that a container of these options gets, topmost first. */
  async layers(options: Pick<StartOptions, 'image' | 'rootfs'> = {}): Promise<string[]> {
    return (await this.source(options)).layers;
  }

  /** Whether there is an image of that name. */
  async hasImage(name: string): Promise<boolean> {
    return hasImage(name);
  }

  /**
   * Run a command to its end in a container of its own, and remove all of it.
   *
   * @param command program and arguments; any text but NUL
   * @returns how it ended and what it wrote
   * @throws SkiffError where it could not be run; ABORT_ERR when `signal` aborted it; COMMAND_FAILED when it failed
   * and `reject` was asked for
   */
  async run(command: string[], options: RunOptions & { encoding: 'buffer' }): Promise<RunResult<Buffer>>;
  async run(command: string[], options?: RunOptions): Promise<RunResult>;
  async run(command: string[], options: RunOptions = {}): Promise<RunResult | RunResult<Buffer>> {
    const { input, maxBuffer = DEFAULT_MAX_BUFFER, signal } = options;
    if (!(maxBuffer >= 0)) throw invalidArgument(`invalid maxBuffer: ${maxBuffer}`);
    if (signal?.aborted) throw aborted(command, signal);
    const stdin = options.stdin ?? (input === undefined ? 'ignore' : 'pipe');
    const [{ collect, feed }, container] = await Promise.all([
      import('./collect'),
      this.start(command, { ...options, stdin }),
    ]);
    const [stdout, stderr, , result] = await Promise.all([
      collect(container.stdout, maxBuffer),
      collect(container.stderr, maxBuffer),
      input === undefined ? undefined : feed(container.stdin, input),
      container.wait(),
    ]).catch(async (error: unknown) => {
      // An input that broke: nobody waits for the command any more.
      await container.remove();
      throw error;
    });
    if (signal?.aborted) throw aborted(command, signal);
    const told = {
      ...result,
      truncated: { stdout: stdout.truncated, stderr: stderr.truncated },
    };
    const text = { ...told, stdout: stdout.bytes.toString(), stderr: stderr.bytes.toString() };
    if (options.reject && result.exitCode !== 0) throw commandFailed(command, text);
    return options.encoding === 'buffer' ? { ...told, stdout: stdout.bytes, stderr: stderr.bytes } : text;
  }

  /**
   * Start a command in a container of its own.
   *
   * @returns the container, when its command runs
   * @throws SkiffError where it could not be started; nothing of it is left then
   */
  async start(command: string[], options: StartOptions = {}): Promise<ContainerHandle> {
    if (this.closing) throw new SkiffError('this Skiff is closed', { code: 'CLOSED' });
    const start = this.startNow(command, options);
    this.starting.add(start);
    try {
      return await start;
    } catch (error) {
      throw startError(error, String(command[0]));
    } finally {
      this.starting.delete(start);
    }
  }

  /**
   * Remove a container that was kept, by its name, its id or the beginning of its id.
   *
   * @returns its id
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, CONTAINER_RUNNING
   */
  async remove(reference: string): Promise<string> {
    return removeContainer(reference, this.context.store, this.context.cgroups);
  }

  /** Remove what killed processes left behind, as every start does on the side. Returns what could not be removed. */
  async sweep(): Promise<string[]> {
    return sweep(this.root, this.context.store, this.context.cgroups);
  }

  /** Kill and remove what still runs, and give back everything that was opened. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async startNow(command: string[], options: StartOptions): Promise<ContainerHandle> {
    const since = performance.now();
    const { signal } = options;
    checkOptions(command, options);
    checkStdio(options);
    if (signal?.aborted) throw aborted(command, signal);
    await undoAgain(this.context.unfinished);
    const source = await this.source(options);
    const id = crypto.randomBytes(32).toString('hex');
    const spec = this.compile(id, command, options, source);
    const streams = new ContainerStreams(options);
    try {
      const started = await startContainer(this.context, {
        id,
        name: options.name ?? id.slice(0, 12),
        claimName: options.name !== undefined,
        image: source.name,
        layers: source.layers,
        driver: await this.driverFor(source.layers),
        keep: options.keep ?? false,
        spec,
        usage: options.usage ?? true,
        stdio: streams.given,
      });
      await attach(streams, started);
      return this.hold(
        new ContainerHandle(this.context, started, streams, {
          since,
          timeoutMs: toTimeout(options.timeout),
          signal,
          keep: options.keep ?? false,
        }),
      );
    } catch (error) {
      streams.discard();
      throw error;
    }
  }

  private compile(id: string, command: string[], options: StartOptions, source: Source): CompiledSpec {
    const { store, fault } = this.context;
    const layer = source.layers[0]!;
    return this.plans.get(id, source.stored ? layer : undefined, { command, options }, () => {
      const spec = toSpec({
        id,
        command,
        options,
        image: {},
        rootPath: path.join(store.directory(id), 'mnt'),
        readFile: file => native().readFileInRoot({ root: layer, path: file, maxBytes: 1 << 20 }),
        machine: thisMachine(),
      });
      return compileSpec(spec, { init: options.init, fault: fault && nativeFault(fault) });
    });
  }

  private hold(container: ContainerHandle): ContainerHandle {
    this.running.add(container);
    const forget = () => this.running.delete(container);
    container.wait().then(forget, forget);
    this.swept ??= this.sweep().catch(error => debug('sweep: %s', errorMessage(error)));
    return container;
  }

  /** The read-only layers, topmost first. */
  private async source({ image, rootfs }: StartOptions): Promise<Source> {
    if (rootfs !== undefined) {
      if (image !== undefined) throw invalidArgument('image and rootfs exclude each other');
      return { name: rootfs, layers: [requireDirectory(rootfs)], stored: false };
    }
    const { name, tar } = findImage(image ?? 'busybox');
    const start = performance.now();
    const layer = await createReadOnlyLayer({ root: this.root, tar });
    this.context.trace.add(name, 'read-only layer', start);
    return { name, layers: [layer.path], stored: true };
  }

  /** The driver chosen at the opening may not be able to take every directory as a layer. */
  private async driverFor(layers: string[]): Promise<StorageDriver> {
    const { asked, driver } = this.storage;
    if (driver.refuses({ layers, root: this.root }) === undefined) return driver;
    return selectDriver({ root: this.root, name: asked, layers });
  }

  private async closeNow(): Promise<void> {
    await Promise.allSettled(this.starting);
    const removals = await Promise.allSettled([...this.running].map(container => container.end()));
    await this.swept;
    await undoAgain(this.context.unfinished);
    await this.context.network.close();
    await this.context.watchdog.stop();
    native().close({ fds: [this.context.init] });
    if (process.env.SKIFF_TRACE) this.context.trace.write(process.env.SKIFF_TRACE);
    for (const removal of removals) if (removal.status === 'rejected') throw removal.reason;
  }
}

/** What runs but cannot be given its streams is ended and removed: nobody would hold it. */
async function attach(streams: ContainerStreams, { steps, terminal }: Started): Promise<void> {
  try {
    await streams.attach(terminal);
  } catch (error) {
    throw withFailures(error, await steps.undo());
  }
}

/** Where the build puts the static init. */
export function initPath(): string {
  return path.join(packageRoot(), 'build', 'Release', 'skiff-init');
}

function requireRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new SkiffError(
    `root is needed to start containers: this process runs as uid ${process.geteuid?.()}`,
    {
      code: 'EPERM',
      remedy: "Run it as root (sudo skiff ...); 'skiff doctor' tells what else is missing.",
    },
  );
}

function prepareRoot(root: string): void {
  const containers = path.join(root, 'containers');
  try {
    makeDirectories(containers, 0o711);
    fs.accessSync(containers, fs.constants.W_OK);
  } catch (error) {
    // Node's text ends with its own call and path.
    const reason = errorMessage(error).replace(/^[A-Z0-9]+: |, \w+ '.*$/gs, '');
    throw new SkiffError(`cannot use the root directory: ${root}: ${reason}`, {
      code: errorCode(error) ?? 'EACCES',
      path: root,
      remedy: 'Choose a directory that can be written to: --root DIR or SKIFF_ROOT.',
      cause: error,
    });
  }
}

function requireDirectory(directory: string): string {
  const resolved = path.resolve(directory);
  const about = fs.statSync(resolved, { throwIfNoEntry: false });
  if (about?.isDirectory()) return resolved;
  throw invalidArgument(
    `cannot use the root file system: ${directory}: ${about ? 'not a directory' : 'no such directory'}`,
  );
}

function checkStdio(options: StartOptions): void {
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const option = options[name];
    if (typeof option === 'number' && !isOpen(option)) {
      throw invalidArgument(`${name}: descriptor ${option} is not open`);
    }
  }
}

function aborted(command: string[], signal: AbortSignal): SkiffError {
  return new SkiffError(`${JSON.stringify(command[0])} was aborted`, {
    code: 'ABORT_ERR',
    cause: signal.reason,
  });
}

function commandFailed(command: string[], result: RunResult): SkiffError {
  const how = result.timedOut
    ? 'timed out'
    : result.oomKilled
      ? 'ran into its memory limit'
      : result.signal
        ? `was ended by ${result.signal}`
        : `ended with exit code ${result.exitCode}`;
  return new SkiffError(`${JSON.stringify(command[0])} ${how}`, {
    code: 'COMMAND_FAILED',
    exitCode: result.exitCode,
    cause: result,
  });
}
