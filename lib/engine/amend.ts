import { limitCgroup, type PlannedDirectory } from '../cgroup';
import { invalidArgument } from '../common/errors';
import { MonitorConnection } from '../runtime/detached/control';
import { withContainerLock } from '../runtime/detached/lock';
import { amendment } from '../runtime/detached/request';
import { parseRestart } from '../spec/life';
import { checkName } from '../spec/names';
import { toResources } from '../spec/resources';
import type { ContainerRecord } from '../state';
import { tell } from './life';
import { thisMachine } from './machine';
import { awaitEnd, isRunning, lookAtRecord, type Keeping } from './managed';
import type { CreateOptions } from './options';
import { whileHeld } from './pause';

/** What can be changed of a container that is there. */
export type UpdateOptions = Pick<
  CreateOptions,
  'memory' | 'memorySwap' | 'cpus' | 'cpuShares' | 'cpusetCpus' | 'pidsLimit' | 'restart'
>;

/**
 * Give a container another name.
 *
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, NAME_IN_USE, INVALID_ARGUMENT
 */
export async function renameContainer(keeping: Keeping, reference: string, name: string): Promise<void> {
  checkName(name);
  const { store } = keeping;
  const { id } = await lookAtRecord(keeping, reference);
  await withContainerLock(store.directory(id), async () => {
    const record = await lookAtRecord(keeping, id);
    if (record.name === name) {
      throw invalidArgument('renaming a container with the same name as its current name', { exitCode: 1 });
    }
    store.names.claim(name, id);
    try {
      await amend(keeping, record, { name, options: { ...record.options, name } });
    } catch (error) {
      store.names.free(name, id);
      throw error;
    }
    store.names.free(record.name, id);
    tell(keeping, { ...record, name }, 'rename', { oldName: record.name });
  });
}

/**
 * Change a container's limits and its restart policy, now and for its next starts.
 *
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, INVALID_ARGUMENT, or where a limit cannot be set: what was before is
 * in force then
 */
export async function updateContainer(
  keeping: Keeping,
  reference: string,
  changes: UpdateOptions,
): Promise<void> {
  const { store, cgroups } = keeping;
  const { id } = await lookAtRecord(keeping, reference);
  await withContainerLock(store.directory(id), async () => {
    const record = await lookAtRecord(keeping, id);
    const options = { ...record.options, ...changes } as CreateOptions;
    if (options.remove && parseRestart(options.restart).name !== 'no') {
      throw invalidArgument(
        'Restart policy cannot be updated because AutoRemove is enabled for the container',
      );
    }
    const resources = toResources(options, thisMachine());
    const { cgroupPaths: paths = [] } = record;
    let cgroupPaths = paths;
    const announce = (joined: PlannedDirectory[]) => {
      cgroupPaths = [...paths, ...joined.map(({ path }) => path)];
      return amend(keeping, record, { cgroupPaths }, joined);
    };
    if (isRunning(record)) {
      const mayJoin = record.detached === true;
      const limit = (isFrozen: boolean) =>
        limitCgroup({ setup: cgroups, id, resources, paths, announce, mayJoin, isFrozen });
      await (mayJoin ? whileHeld(keeping, record, limit) : limit(false));
    }
    await amend(keeping, record, { cgroupPaths, options: { ...options } });
    tell(keeping, record, 'update');
  });
}

/** Have the record replaced by whoever writes it now: its monitor, or where that is at its end this process after it. */
async function amend(
  keeping: Keeping,
  record: ContainerRecord,
  changes: Partial<ContainerRecord>,
  joined: PlannedDirectory[] = [],
): Promise<void> {
  const { store } = keeping;
  const amended = { ...record, ...changes };
  if (!record.detached || !isRunning(record)) return store.update(amended);
  if (await tellMonitor(store.directory(record.id), amended, joined)) return;
  await awaitEnd(keeping, record.id);
  store.update({ ...(await lookAtRecord(keeping, record.id)), ...changes });
}

/** @returns false where it has ended, or is about to */
async function tellMonitor(
  directory: string,
  record: ContainerRecord,
  joined: PlannedDirectory[],
): Promise<boolean> {
  const connection = await MonitorConnection.connect(directory);
  if (!connection) return false;
  const { restart } = record.options as CreateOptions;
  try {
    return await connection.amend(amendment(record, parseRestart(restart), joined));
  } finally {
    connection.close();
  }
}
