import os from 'node:os';
import type { CgroupStat } from '../cgroup';
import { native, type ExitStatus, type NativeLast, type NativeLastWork } from '../native';

/** How a container's processes ended, before anything is removed. */
export interface Ending {
  exitCode: number;
  signal: NodeJS.Signals | null;
  oomKilled: boolean;
  cpuMs: number;
  memoryPeakBytes: number;
  /** How often a process could not be made, because of the limit of their number. */
  pidsDenied: number;
}

/** Name of a signal by its number. */
export function signalName(number: number): NodeJS.Signals | undefined {
  const entry = Object.entries(os.constants.signals).find(([, value]) => value === number);
  return entry?.[0] as NodeJS.Signals | undefined;
}

/** Number of a signal by its name or number. */
export function signalNumber(signal: NodeJS.Signals | number): number {
  return typeof signal === 'number' ? signal : os.constants.signals[signal];
}

/** The first process of a container, from its parking to its end, and what hangs on it. */
export class RunningInit {
  /** Resolves when every process of its PID namespace is gone. */
  readonly exited: Promise<ExitStatus>;
  private alive = true;

  /**
   * Takes the pidfd over.
   *
   * @param last what is to be done at its end before that is told
   */
  constructor(
    readonly pid: number,
    private readonly pidfd: number,
    onExit: (status: ExitStatus, last: NativeLast | undefined) => void,
    last?: NativeLastWork,
  ) {
    this.exited = new Promise(resolve => {
      native().watchExit({ pidfd, last }, (status, done) => {
        this.alive = false;
        onExit(status, done);
        resolve(status);
      });
    });
  }

  /** False where it is gone. */
  signal(signal: NodeJS.Signals | number): boolean {
    return this.alive && native().sendSignal({ pidfd: this.pidfd, signal: signalNumber(signal) });
  }

  /** Kill it and with it every process of its namespace, and wait until they are gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

/** Put together what the kernel tells of a container's end: of its cgroup where it counted, else of its init. */
export function endingOf(status: ExitStatus, counted: CgroupStat = {}): Ending {
  const signal = status.signal === null ? null : (signalName(status.signal) ?? null);
  return {
    exitCode: status.signal === null ? (status.code ?? 0) : 128 + status.signal,
    signal,
    oomKilled: (counted.oomKills ?? 0) > 0,
    cpuMs: (counted.cpuUsec ?? status.cpuUs) / 1000,
    memoryPeakBytes: counted.memoryPeakBytes ?? status.maxRssBytes,
    pidsDenied: counted.pidsDenied ?? 0,
  };
}
