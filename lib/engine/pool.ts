import { monotonicMs } from '../common/clock';
import { debugLog } from '../common/debug';
import { errorMessage, invalidArgument, SkiffError } from '../common/errors';
import { startError } from '../runtime/errors';
import { isLost } from '../runtime/go';
import { checkOptions, toTimeout } from '../spec/options';
import type { ContainerHandle } from './container';
import { NO_COMMAND, type Launcher, type ParkedContainer } from './launcher';
import { withAbsoluteVolumes } from './mounts';
import { withProfile } from './profiles';
import type { PoolOptions, PoolRunOptions, RunOptions, RunResult } from './options';
import { runToEnd } from './outcome';
import { Turns } from '../common/turns';
import type { Word } from '../spec/types';

const debug = debugLog('pool');

const DEFAULT_SIZE = 4;
/** While half of the containers are ready, another one is made when so long (ms) no run has begun or ended. */
const REST_MS = 2;
/** After a container could not be made: the next attempt, in ms. */
const RETRY_MS = 200;

/**
 * Containers that are ready up to their command: workspace, cgroup and namespaces are made, and the init waits. Each
 * runs one command and is thrown away; others are made in the background.
 */
export class Pool {
  private readonly ready: ParkedContainer[] = [];
  private readonly handles = new Set<ContainerHandle>();
  private readonly removals = new Set<Promise<unknown>>();
  private readonly options: PoolOptions;
  private readonly turns: Turns;
  private readonly size: number;
  private readonly maxIdleMs: number | undefined;
  private making: Promise<void> | undefined;
  private refillTimer: NodeJS.Timeout | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private idle = false;
  private closing: Promise<void> | undefined;

  /** Used by {@link Skiff.pool}. */
  constructor(
    private readonly launcher: Launcher,
    options: PoolOptions,
    private readonly onClosed: (pool: Pool) => void,
  ) {
    options = withProfile(options);
    checkOptions(NO_COMMAND, options);
    this.options = withAbsoluteVolumes(options);
    this.size = toCount('size', options.size ?? DEFAULT_SIZE, 0);
    this.turns = new Turns(toCount('maxRunning', options.maxRunning ?? Math.max(16, 2 * this.size), 1));
    this.maxIdleMs = toTimeout(options.maxIdle);
  }

  /** Containers that are ready now. */
  get available(): number {
    return this.ready.length;
  }

  /** Have all of them made. Where one cannot be, the pool is closed. */
  async fill(): Promise<void> {
    const made = await Promise.allSettled(Array.from({ length: this.size }, () => this.make()));
    const failure = made.find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') {
      await this.close();
      throw failure.reason;
    }
    this.watchIdleness();
  }

  /**
   * Run a command to its end in a container of the pool, or in one of its own where none is ready. The container is
   * removed in the background.
   *
   * @throws SkiffError as Skiff.run does; CLOSED when the pool is closed
   */
  async run(
    command: readonly Word[],
    options: PoolRunOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  async run(command: readonly Word[], options?: PoolRunOptions): Promise<RunResult>;
  async run(command: readonly Word[], options: PoolRunOptions = {}): Promise<RunResult | RunResult<Buffer>> {
    const since = monotonicMs();
    this.requireOpen();
    const waited = await this.turns.take();
    try {
      if (waited) this.requireOpen();
      this.idle = false;
      // A member before them for the reason of withMembers.
      return await this.runNow(command, { input: undefined, ...this.options, ...options }, since);
    } finally {
      this.turns.giveBack();
      this.refill();
      this.watchIdleness();
    }
  }

  /** Let the runs that are on come to their end, and remove what is ready. Runs that wait for their turn are refused. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  /** Kill what runs, and close. */
  async end(): Promise<void> {
    for (const handle of this.handles) handle.kill('SIGKILL');
    await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async runNow(command: readonly Word[], options: RunOptions, since: number) {
    for (;;) {
      try {
        return await runToEnd(command, options, {
          start: async started => this.hold(await this.start(command, started, since)),
          end: container => container.ended,
        });
      } catch (error) {
        // Killed between GO and execve: nothing of the command has run. Of a stream a part may be gone.
        const again = isLost(error) && isRepeatable(options.input);
        if (!again) throw startError(error, String(command[0]));
        debug('a parked container was lost: %s', errorMessage(error));
      }
    }
  }

  private async start(
    command: readonly Word[],
    options: RunOptions,
    since: number,
  ): Promise<ContainerHandle> {
    for (let parked = this.ready.shift(); parked; parked = this.ready.shift()) {
      this.refill();
      try {
        return await this.launcher.command(parked, command, options, since);
      } catch (error) {
        if (!isLost(error)) throw error;
      }
    }
    return this.launcher.start(command, options, { awaitCommand: false });
  }

  private hold(handle: ContainerHandle): ContainerHandle {
    this.handles.add(handle);
    const removal = handle.wait().then(
      () => undefined,
      (error: unknown) => debug('removal: %s', errorMessage(error)),
    );
    this.removals.add(removal);
    void removal.then(() => {
      this.handles.delete(handle);
      this.removals.delete(removal);
    });
    return handle;
  }

  private async make(): Promise<void> {
    const parked = await this.launcher.park(this.options);
    void parked.started.init.exited.then(() => this.forget(parked));
    if (this.closing || this.idle) await this.discard(parked);
    else this.ready.push(parked);
  }

  /** A parked init has ended: by its command, or killed by somebody while it waited. */
  private forget(parked: ParkedContainer): void {
    const index = this.ready.indexOf(parked);
    if (index < 0) return;
    this.ready.splice(index, 1);
    const removal = this.discard(parked).finally(() => this.removals.delete(removal));
    this.removals.add(removal);
    this.refill();
  }

  private async discard({ started }: ParkedContainer): Promise<void> {
    for (const failure of await started.steps.undo()) debug('removal: %s', failure.message);
  }

  /** One at a time, so that the runs that are on go first; at once where few are left, else in a moment of rest. */
  private refill(): void {
    if (this.closing || this.idle || this.making || this.ready.length >= this.size) return;
    clearTimeout(this.refillTimer);
    if (this.ready.length * 2 < this.size) this.makeNext();
    else this.refillTimer = setTimeout(() => this.makeNext(), REST_MS);
  }

  private makeNext(): void {
    if (this.closing || this.idle || this.making || this.ready.length >= this.size) return;
    this.making = this.make().then(
      () => {
        this.making = undefined;
        this.refill();
      },
      (error: unknown) => {
        // A run that finds none ready starts its own, and tells what is wrong.
        debug('cannot make a container ready: %s', errorMessage(error));
        this.making = undefined;
        if (!this.closing) this.refillTimer = setTimeout(() => this.makeNext(), RETRY_MS);
      },
    );
  }

  private watchIdleness(): void {
    clearTimeout(this.idleTimer);
    if (this.maxIdleMs === undefined || this.closing || this.turns.taken > 0) return;
    this.idleTimer = setTimeout(() => {
      this.idle = true;
      for (const parked of this.ready.slice()) this.forget(parked);
    }, this.maxIdleMs);
  }

  private requireOpen(): void {
    if (this.closing) throw new SkiffError('this pool is closed', { code: 'CLOSED' });
  }

  private async closeNow(): Promise<void> {
    clearTimeout(this.refillTimer);
    clearTimeout(this.idleTimer);
    await this.turns.end();
    await this.making;
    await Promise.all(this.ready.splice(0).map(parked => this.discard(parked)));
    await Promise.all(this.removals);
    this.onClosed(this);
  }
}

function toCount(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw invalidArgument(`invalid ${name}: ${value}: it is a whole number, ${least} or more`);
}

function isRepeatable(input: RunOptions['input']): boolean {
  return input === undefined || typeof input === 'string' || input instanceof Uint8Array;
}
