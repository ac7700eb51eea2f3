import { planCgroup, removeLeftoverCgroup } from '../../cgroup';
import { debugLog } from '../../common/debug';
import { errorMessage, SkiffError } from '../../common/errors';
import { native } from '../../native';
import { statePaths, type ContainerRecord } from '../../state';
import { deleteMountPoint, ensureWriteLayer, type StorageDriver } from '../../workspace';
import type { RuntimeContext } from '../context';
import { requireImage, requireLayers } from '../layers';
import { removeRemains } from '../removal';
import { explainStart } from '../start';
import { Steps, withFailures } from '../steps';
import type { PlannedMounts } from '../volumes';
import { MonitorConnection } from './control';
import { monitorRequest, type MonitorRequest } from './request';

const debug = debugLog('detached');

/** What a detached container is started with. */
export interface DetachedStart extends Pick<
  MonitorRequest,
  | 'record'
  | 'spec'
  | 'terminal'
  | 'openInput'
  | 'attached'
  | 'log'
  | 'restart'
  | 'timeoutMs'
  | 'remove'
  | 'after'
> {
  /** Read-only layers, topmost first. */
  layers: string[];
  driver: StorageDriver;
  /** Prepared. */
  mounts?: PlannedMounts;
  /** Its name is claimed. */
  named: boolean;
}

/**
 * Make a container that nothing runs in yet: its directory with its record, and its name.
 *
 * @throws SkiffError NAME_IN_USE; nothing of it is left then
 */
export async function createDetached(
  { store, trace, reserve, fault }: RuntimeContext,
  record: ContainerRecord,
  { named, process }: { named: boolean; process: string },
): Promise<void> {
  const steps = new Steps(record.id.slice(0, 12), trace, reserve, fault);
  const directory = store.plan(record);
  const { path: containerDir, unfinished } = directory;
  store.makeRoot();
  steps.onUndo('container', () => removeRemains({ containerDir, unfinished: [unfinished] }));
  try {
    await steps.do('container-directory', () => native().makeDirectory(directory));
    requireLayers(record.layers ?? []);
    requireImage(store.root, record);
    store.markStaying(record.id, process);
    if (named) await steps.do('name', () => store.names.claim(record.name, record.id));
  } catch (error) {
    throw withFailures(error, await steps.undo());
  }
}

/**
 * Start a container under a monitor of its own.
 *
 * @param lock the container's, which the caller has
 * @returns when the command runs; a connection to the monitor where it is attached from its beginning
 * @throws SkiffError where it could not be started; its record tells that, too
 */
export async function startDetached(
  context: RuntimeContext,
  start: DetachedStart,
  lock: number,
): Promise<MonitorConnection | undefined> {
  const { record, driver } = start;
  const { store, cgroups, init } = context;
  const containerDir = store.directory(record.id);
  const cgroupPlan = planCgroup({
    setup: cgroups,
    id: record.id,
    resources: start.spec.resources,
    usage: true,
    freezer: true,
  });
  await clearRemains(context, record);
  await ensureWriteLayer({ driver, layers: start.layers, containerDir });
  const request = monitorRequest({
    ...start,
    // What runs from now on is of this boot and PID namespace, whenever it was made.
    record: {
      ...record,
      owner: store.owner,
      cgroupPaths: cgroupPlan.directories.map(({ path }) => path),
    },
    directory: containerDir,
    eventsFile: statePaths(store.root).events,
    // Not an ephemeral one even where it is removed at its end: its first start may fail, and it is started again.
    workspace: driver.plan({ layers: start.layers, containerDir }),
    copyUps: start.mounts?.copyUps ?? [],
    cgroups: cgroupPlan,
    claims: [
      ...(start.named ? store.names.pathsOf(record.name, record.id) : []),
      ...(record.ids ? store.ids.paths(record.ids) : []),
    ],
  });
  try {
    const { connection } = await native().startMonitor({ init, lock, directory: containerDir, request });
    if (start.attached !== 0) return await MonitorConnection.attachedBy(connection);
    // Without a socket of Node's: the modules for it take longer than the start.
    native().close({ fds: [connection] });
    return undefined;
  } catch (error) {
    const failure = explainStart(error, {
      containerDir,
      driver: driver.name,
      layers: start.layers,
      command: start.spec.args[0] ?? '',
      cgroups: cgroupPlan,
    });
    noteFailure(context, record, failure);
    throw failure;
  }
}

/** A run before this one may have left what could not be removed at its end. */
async function clearRemains({ store, cgroups }: RuntimeContext, record: ContainerRecord): Promise<void> {
  if (record.cgroupPaths?.length) await removeLeftoverCgroup(cgroups, record.id, record.cgroupPaths);
  if (record.state?.startedAt) await deleteMountPoint({ containerDir: store.directory(record.id) });
}

function noteFailure({ store }: RuntimeContext, record: ContainerRecord, error: unknown): void {
  try {
    store.update({
      ...record,
      state: {
        ...record.state,
        status: record.state?.startedAt ? 'exited' : 'created',
        monitor: undefined,
        init: undefined,
        exitCode: SkiffError.is(error) ? error.exitCode : 128,
        error: errorMessage(error),
      },
    });
  } catch (failure) {
    // On a full disk, say: why it did not start is what has to be told.
    debug('%s: its record was not written: %s', record.id, errorMessage(failure));
  }
}
