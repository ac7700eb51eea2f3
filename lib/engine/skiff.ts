import { debugLog } from '../common/debug';
import { errorMessage, SkiffError } from '../common/errors';
import type { Phase } from '../common/trace';
import type { RuntimeContext } from '../runtime/context';
import { startError } from '../runtime/errors';
import type { ContainerHandle } from './container';
import { createContainer, runDetached } from './detached';
import { execToEnd, startDetachedExec, startExec } from './exec';
import { Keeper, type Storage } from './keeper';
import type { ManagedContainer } from './managed-container';
import type {
  Container,
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
import { giveBack, openRoot, type OpenOptions } from './opening';
import { runToEnd } from './outcome';
import { Pool } from './pool';
import { forDetached, withProfile } from './profiles';
import type { Word } from '../spec/types';

const debug = debugLog('engine');

/** Runs containers. Several may be open in one process; each closes what it opened. */
export class Skiff extends Keeper {
  private readonly running = new Set<ContainerHandle>();
  private readonly pools = new Set<Pool>();
  private readonly starting = new Set<Promise<unknown>>();
  private swept: Promise<unknown> | undefined;
  private closing: Promise<void> | undefined;

  private constructor(root: string, context: RuntimeContext, storage: Storage) {
    super(root, context, storage);
  }

  /**
   * Open a root directory and make ready what starts need.
   *
   * @returns to be closed, by {@link close} or `await using`
   * @throws SkiffError where this machine or user cannot run containers, naming what is missing
   */
  static async open(options: OpenOptions = {}): Promise<Skiff> {
    const { root, context, storage } = await openRoot(options);
    return new Skiff(root, context, storage);
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
  async start(command: readonly Word[], options: StartOptions = {}): Promise<Container> {
    return this.startOne(command, withProfile(options), { awaitCommand: true });
  }

  /**
   * The same for whoever waits for the command's end anyway: resolves sooner, and where the command cannot be executed,
   * {@link Container.wait} rejects.
   *
   * @returns the container, which may not have begun its command
   * @throws SkiffError where it could not be started; nothing of it is left then
   */
  async launch(command: readonly Word[], options: StartOptions = {}): Promise<Container> {
    return this.startOne(command, withProfile(options), { awaitCommand: false });
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
    const record = await runDetached(this.detaching, command, forDetached(options));
    this.sweepOnce();
    return this.managed(record);
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

  /** Kill and remove what still runs, and give back everything that was opened. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
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
    await giveBack(this.context);
    for (const removal of removals) if (removal.status === 'rejected') throw removal.reason;
  }
}
