import { monotonicMs } from '../common/clock';
import type { RuntimeContext } from '../runtime/context';
import { releaseEnds, type Entered } from '../runtime/exec';
import { endingOf } from '../runtime/running';
import { CommandHandle } from './command-handle';
import type { ExecProcess, ExitResult } from './options';
import type { ContainerStreams } from './stdio';
import { NO_HITS, verdictOf } from './verdict';

export interface ExecHandleOptions {
  containerId: string;
  /** When the call came that started it, in ms of CLOCK_MONOTONIC. */
  since: number;
  /** Milliseconds from the start of the command to its end by force. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A command in a container, as its caller holds it. */
export class ExecHandle extends CommandHandle implements ExecProcess {
  readonly containerId: string;
  readonly pid: number;
  private readonly result: Promise<ExitResult>;
  private timedOut = false;

  constructor(
    context: RuntimeContext,
    private readonly entered: Entered,
    streams: ContainerStreams,
    private readonly options: ExecHandleOptions,
  ) {
    super(context, streams);
    this.containerId = options.containerId;
    this.pid = entered.command.pid;
    context.execs.add(this);
    this.result = this.live();
    // A caller may wait later, or never.
    this.result.catch(() => undefined);
  }

  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    return this.entered.command.signal(signal);
  }

  wait(): Promise<ExitResult> {
    return this.result;
  }

  /** Kill it; resolves when it is gone. */
  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.result;
  }

  async remove(): Promise<void> {
    await this.end();
    this.streams.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  private async live(): Promise<ExitResult> {
    const { command, cgroup, oomKills, ends } = this.entered;
    const stopWatching = this.watchLimits();
    const status = await command.exited;
    stopWatching();
    releaseEnds(ends);
    this.streams.closeInput();
    this.context.execs.delete(this);
    const { cpuMs, memoryPeakBytes, exitCode, signal: endedBy } = endingOf(status);
    const durationMs = monotonicMs() - this.options.since;
    const result = {
      id: this.containerId,
      exitCode,
      signal: endedBy,
      timedOut: this.timedOut,
      // The cgroup tells that one of its processes was killed, the signal that it was this one.
      oomKilled: endedBy === 'SIGKILL' && (cgroup.stat().oomKills ?? 0) > oomKills,
      durationMs,
      usage: { cpuMs, memoryPeakBytes },
      files: {},
    };
    return { ...result, verdict: verdictOf(result, NO_HITS, durationMs) };
  }

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
      signal?.removeEventListener('abort', kill);
    };
  }
}
