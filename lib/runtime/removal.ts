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
  /** Its mount namespace, which is held; -1: it is not. */
  namespace?: number;
  /** Files of its cgroup, to be read before that is removed. */
  files?: string[];
  /** Has use for the directory, where it is as it was made. */
  next?: { path: string; leave: (ahead: number) => Promise<void> };
  trace?: { trace: Trace; container: string };
}

/**
 * Remove a container's cgroup, mount and directory, in one job of the thread pool; what is not there is fine.
 *
 * @returns the texts of `files`; null for what could not be read
 */
export async function removeRemains(remains: Remains): Promise<(string | null)[]> {
  const { containerDir, unfinished, cgroup, namespace, files, next, trace } = remains;
  const start = monotonicMs();
  try {
    const { busy, texts, left, marks } = await native().remove({
      ...(files && { files }),
      ...(namespace !== undefined && { namespace }),
      cgroups: cgroup ? [...cgroup.paths] : [],
      mountPoint: containerPaths(containerDir).mountPoint,
      trees: unfinished === undefined ? [containerDir] : [containerDir, unfinished],
      ...(next && { used: next.path }),
      marks: trace?.trace.wanted,
    });
    trace?.trace.addMarks(trace.container, start, marks);
    if (left !== undefined) await next?.leave(left);
    if (busy.length === 0) return texts;
    // A process that left the PID namespace, or one that has just exited: it is killed, or waited for.
    await cgroup?.destroy();
    await removeRemains({ ...remains, cgroup: null, namespace: undefined, files: undefined });
    return texts;
  } catch (error) {
    throw workspaceFailure(error as { step?: string }, { driver: '', containerDir }) ?? error;
  }
}
