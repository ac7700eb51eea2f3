import { monotonicMs } from '../common/clock';
import type { Cgroup } from '../cgroup';
import type { Trace } from '../common/trace';
import { native, type NativeRemoval } from '../native';
import { containerPaths, workspaceFailure } from '../workspace';

/** What there is, or may be, of a container beside its processes. */
export interface Remains {
  /** `<root>/containers/<id>` */
  containerDir: string;
  /** The same directory under the names it may have while it is being made. */
  unfinished?: readonly string[];
  cgroup?: Cgroup | null;
  trace?: { trace: Trace; container: string };
}

/** Remove a container's cgroup, mount and directory, in one job of the thread pool; what is not there is fine. */
export async function removeRemains(remains: Remains): Promise<void> {
  const { containerDir, cgroup, trace } = remains;
  const start = monotonicMs();
  try {
    const { busy, marks } = await native().remove(nativeRemoval(remains));
    trace?.trace.addMarks(trace.container, start, marks);
    if (busy.length === 0) return;
    // A process that left the PID namespace, or one that has just exited: it is killed, or waited for.
    await cgroup?.destroy();
    await removeRemains({ ...remains, cgroup: null });
  } catch (error) {
    throw workspaceFailure(error as { step?: string }, { driver: '', containerDir }) ?? error;
  }
}

/** The same as the addon takes it. */
export function nativeRemoval({ containerDir, unfinished = [], cgroup, trace }: Remains): NativeRemoval {
  return {
    cgroups: cgroup ? [...cgroup.paths] : [],
    mountPoint: containerPaths(containerDir).mountPoint,
    trees: [containerDir, ...unfinished],
    marks: trace?.trace.wanted,
  };
}
