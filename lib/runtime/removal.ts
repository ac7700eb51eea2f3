import { monotonicMs } from '../common/clock';
import type { Cgroup } from '../cgroup';
import type { Trace } from '../common/trace';
import { native } from '../native';
import { containerPaths, workspaceFailure } from '../workspace';

/** What there is, or may be, of a container beside its processes. */
export interface Remains {
  /** `<root>/containers/<id>` */
  containerDir: string;
  /** The same directory under the name it has while it is being made. */
  unfinished?: string;
  cgroup?: Cgroup | null;
  /** Has use for the directory, where it is as it was made. */
  next?: { path: string; leave: (ahead: number) => Promise<void> };
  trace?: { trace: Trace; container: string };
}

/** Remove a container's cgroup, mount and directory, in one job of the thread pool; what is not there is fine. */
export async function removeRemains(remains: Remains): Promise<void> {
  const { containerDir, unfinished, cgroup, next, trace } = remains;
  const start = monotonicMs();
  const { mountPoint } = containerPaths(containerDir);
  try {
    const { busy, left, marks } = await native().remove({
      cgroups: cgroup ? [...cgroup.paths] : [],
      mountPoint,
      trees: unfinished === undefined ? [containerDir] : [containerDir, unfinished],
      ...(next && { used: next.path }),
      marks: trace?.trace.wanted,
    });
    trace?.trace.addMarks(trace.container, start, marks);
    if (left !== undefined) await next?.leave(left);
    if (busy.length === 0) return;
    // A process that left the PID namespace, or one that has just exited: it is killed, or waited for.
    await cgroup?.destroy();
    await removeRemains({ ...remains, cgroup: null });
  } catch (error) {
    throw workspaceFailure(error as { step?: string }, { driver: '', containerDir }) ?? error;
  }
}
