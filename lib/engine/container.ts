import { monotonicMs } from '../common/clock';
import { withMembers } from '../common/with-members';
import type { RuntimeContext } from '../runtime/context';
import { startError } from '../runtime/errors';
import { endingOf } from '../runtime/running';
import { commandBeginning, isLost } from '../runtime/go';
import { type Started } from '../runtime/start';
import type { Word } from '../spec/types';
import { deleteMountPoint } from '../workspace';
import { CommandHandle } from './command-handle';
import { execToEnd, startExec } from './exec';
import type {
  CollectedFile,
  Container,
  ExecOptions,
  ExecProcess,
  ExecToEndOptions,
  ExitResult,
  RunResult,
} from './options';
import type { Collector } from './collector';
import { CpuWatch } from './cpu-watch';
import { isFull } from './storage-size';
import type { ContainerStreams } from './stdio';
import { verdictOf } from './verdict';

export interface HandleOptions {
  /** When the call came that started it, in ms of CLOCK_MONOTONIC. */
  since: number;
  /** Milliseconds from the start of the command to its end by force. */
  timeoutMs?: number;
  /** Milliseconds of CPU time of all processes. */
  cpuTimeMs?: number;
  /** Takes files out at the end. */
  collector?: Collector;
  signal?: AbortSignal;
  keep: boolean;
  /** Its write layer can be full. */
  hasStorageSize: boolean;
  /** Whoever holds it runs the command again where the container was lost before the command began. */
  retried: boolean;
}

/** A started container, as its caller holds it. */
export class ContainerHandle extends CommandHandle implements Container {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  /** How the command ended; not all of it need be removed yet. */
  readonly ended: Promise<ExitResult>;
  private readonly result: Promise<ExitResult>;
  private readonly cpuWatch: CpuWatch;
  private timedOut = false;
  /** By this process. */
  private killed = false;
  private removed: Promise<void> | undefined;

  constructor(
    context: RuntimeContext,
    private readonly started: Started,
    streams: ContainerStreams,
    private readonly options: HandleOptions,
  ) {
    super(context, streams);
    this.id = started.record.id;
    this.name = started.record.name;
    this.pid = started.init.pid;
    this.cpuWatch = new CpuWatch(started.cgroup, options.cpuTimeMs, () => this.kill('SIGKILL'));
    this.ended = this.live();
    this.result = this.clearAway();
    // A caller may wait later, or never.
    this.result.catch(() => undefined);
  }

  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    this.killed = true;
    return this.started.init.signal(signal);
  }

  wait(): Promise<ExitResult> {
    return this.result;
  }

  exec(command: readonly Word[], options: ExecOptions = {}): Promise<ExecProcess> {
    return startExec(this.context, this.id, command, options);
  }

  execToEnd(
    command: readonly Word[],
    options: ExecToEndOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  execToEnd(command: readonly Word[], options?: ExecToEndOptions): Promise<RunResult>;
  execToEnd(
    command: readonly Word[],
    options: ExecToEndOptions = {},
  ): Promise<RunResult | RunResult<Buffer>> {
    return execToEnd(command, options, given => this.exec(command, given));
  }

  /** Kill what runs; resolves when it is removed, or kept where that was asked for. */
  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.result;
  }

  async remove(): Promise<void> {
    await this.end();
    await this.removeAll();
    this.streams.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** From the start of the command to its end. */
  private async live(): Promise<ExitResult> {
    const { init, cgroup, remnants } = this.started;
    const stopWatching = this.watchLimits();
    const status = await init.exited;
    stopWatching();
    this.streams.closeInput();
    const ended = status.endedNs / 1e6;
    const began = this.checkBeginning() ?? ended;
    const counted = remnants.counted ?? cgroup?.stat();
    const { cpuMs, memoryPeakBytes, pidsDenied, ...ending } = endingOf(status, counted);
    const { files, full } = this.collect();
    const result = {
      id: this.id,
      ...ending,
      timedOut: this.timedOut,
      durationMs: ended - this.options.since,
      usage: { cpuMs, memoryPeakBytes },
      files,
    };
    const cpuTime = this.cpuWatch.isExceeded(cpuMs);
    const hits = { cpuTime, pids: pidsDenied > 0, disk: full };
    return withMembers(result, { verdict: verdictOf(result, hits, ended - began) });
  }

  /** The files that were asked for, while the root is there yet. */
  private collect(): { files: Record<string, CollectedFile>; full: boolean } {
    const { collector, hasStorageSize } = this.options;
    const root = `${this.context.store.directory(this.id)}/mnt`;
    const full = hasStorageSize && isFull(root);
    if (!collector) return { files: {}, full };
    try {
      return { full: full || collector.isFull, files: collector.collect(root) };
    } finally {
      collector.close();
    }
  }

  /**
   * What kept the command from being executed is known by now. A container that was killed before is one that was killed.
   *
   * @returns when the command began, in ms of CLOCK_MONOTONIC; undefined where it did not
   */
  private checkBeginning(): number | undefined {
    const { record, sentNs, ends } = this.started;
    const { failure, readyNs } = commandBeginning(this.started);
    if (readyNs > 0) this.context.trace.addSpan(this.id.slice(0, 12), 'set up', sentNs, readyNs);
    if (failure === undefined) return readyNs > 0 ? readyNs / 1e6 : ends.wentMs;
    if (isLost(failure) && (this.killed || !this.options.retried)) return undefined;
    throw startError(failure, record.command[0] ?? '');
  }

  /** From the command's end to the removal of what is left. */
  private async clearAway(): Promise<ExitResult> {
    const { trace, spares } = this.context;
    const result = await this.ended.catch(async (error: unknown) => {
      await this.removeAll();
      throw error;
    });
    const { remnants } = this.started;
    const start = remnants.begunMs ?? monotonicMs();
    if (this.options.keep) await this.keep(result.exitCode);
    else if (!remnants.areAllGone) await this.removeAll();
    spares.rest();
    trace.add(this.id.slice(0, 12), 'removal', start);
    return result;
  }

  /** Kill at the timeout or the abort: PID 1's end is the end of every process of its namespace. */
  private watchLimits(): () => void {
    const { timeoutMs, signal } = this.options;
    const kill = () => this.kill('SIGKILL');
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            this.timedOut = kill();
          }, timeoutMs);
    if (signal?.aborted) kill();
    signal?.addEventListener('abort', kill, { once: true });
    return () => {
      clearTimeout(timer);
      this.cpuWatch.stop();
      signal?.removeEventListener('abort', kill);
    };
  }

  private removeAll(): Promise<void> {
    this.removed ??= this.started.steps.undo().then(failures => {
      if (failures.length > 0) throw failures[0];
    });
    return this.removed;
  }

  /** All goes but the write layer, its record and its name. */
  private async keep(exitCode: number): Promise<void> {
    const { record, cgroup } = this.started;
    await cgroup?.destroy();
    await deleteMountPoint({ containerDir: this.context.store.directory(this.id) });
    this.context.store.update({ ...record, status: 'exited', exitCode });
  }
}
