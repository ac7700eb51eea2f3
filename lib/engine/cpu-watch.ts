import os from 'node:os';
import type { Cgroup } from '../cgroup';

/** Shortest time between two looks, in ms. */
const SHORTEST_MS = 5;

/**
 * Ends a container that has used up its CPU time: of all its processes together, which no resource limit of the kernel
 * counts. The next look is taken when it could be used up at the earliest, on all CPUs at once.
 */
export class CpuWatch {
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param cgroup that counts; where it does not, each process has its own limit all the same (RLIMIT_CPU)
   * @param limitMs undefined: none
   */
  constructor(
    private readonly cgroup: Cgroup | null,
    private readonly limitMs: number | undefined,
    private readonly kill: () => void,
  ) {
    if (limitMs !== undefined && cgroup) this.lookIn(limitMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** @param usedMs in all, at the end */
  isExceeded(usedMs: number): boolean {
    return this.limitMs !== undefined && usedMs >= this.limitMs;
  }

  private lookIn(leftMs: number): void {
    this.timer = setTimeout(() => this.look(), Math.max(SHORTEST_MS, leftMs / os.availableParallelism()));
  }

  private look(): void {
    const usedMs = (this.cgroup?.stat().cpuUsec ?? 0) / 1000;
    if (this.isExceeded(usedMs)) this.kill();
    else this.lookIn(this.limitMs! - usedMs);
  }
}
