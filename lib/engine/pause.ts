import { freezeCgroup, thawCgroup } from '../cgroup';
import { SkiffError } from '../common/errors';
import { MonitorConnection } from '../runtime/detached/control';
import { withContainerLock } from '../runtime/detached/lock';
import type { ContainerRecord } from '../state';
import type { Freezer } from './commit';
import { tell } from './life';
import { lookAtRecord, notRunning, requireRunning, type Keeping } from './managed';

/** @throws SkiffError CONTAINER_NOT_RUNNING, CONTAINER_PAUSED, CGROUP_UNAVAILABLE */
export async function pauseContainer(keeping: Keeping, reference: string): Promise<void> {
  const { id } = await lookAtRecord(keeping, reference);
  // An update may have frozen it for a moment.
  await withContainerLock(keeping.store.directory(id), async () => {
    const { connection } = await freeze(keeping, id);
    await connection.release();
    connection.close();
  });
}

/** @throws SkiffError CONTAINER_NOT_RUNNING, CONTAINER_NOT_PAUSED */
export async function unpauseContainer(keeping: Keeping, reference: string): Promise<void> {
  const record = await lookAtRecord(keeping, reference);
  requireRunning(record);
  if (record.status !== 'paused') throw wrongState(record, 'is not paused', 'CONTAINER_NOT_PAUSED');
  const connection = await connect(keeping, record);
  try {
    if (!(await thaw(keeping, record, connection))) throw notRunning(record);
  } finally {
    connection.close();
  }
}

/** How containers are held while they are committed; one of the foreground goes on. */
export function freezerOf(keeping: Keeping): Freezer {
  return {
    async hold(id) {
      if (!(await lookAtRecord(keeping, id)).detached) return undefined;
      const { record, connection } = await freeze(keeping, id);
      return async () => {
        await thaw(keeping, record, connection);
        await connection.release();
        connection.close();
      };
    },
  };
}

/**
 * Do something that freezes the processes of a running detached container for a moment. Where this process is killed
 * meanwhile, the container's monitor lets them go on.
 *
 * @param work called with whether they are frozen already, and stay so
 */
export async function whileHeld<T>(
  { store }: Keeping,
  { id }: ContainerRecord,
  work: (isFrozen: boolean) => Promise<T>,
): Promise<T> {
  const connection = await MonitorConnection.connect(store.directory(id));
  try {
    const isFrozen = (await connection?.hold()) === 'busy';
    return await work(isFrozen);
  } finally {
    await connection?.release();
    connection?.close();
  }
}

/** They are frozen for as long as the connection is open, or for good once it is released. */
async function freeze(
  keeping: Keeping,
  reference: string,
): Promise<{ record: ContainerRecord; connection: MonitorConnection }> {
  const record = await lookAtRecord(keeping, reference);
  requireRunning(record);
  if (record.status === 'paused') throw alreadyPaused(record);
  if (record.status === 'restarting') throw wrongState(record, 'is restarting', 'CONTAINER_NOT_RUNNING');
  const connection = await connect(keeping, record);
  try {
    const state = await connection.hold();
    if (state === 'busy') throw alreadyPaused(record);
    if (state === 'lost') throw notRunning(record);
    await freezeCgroup(keeping.cgroups, record.id, record.cgroupPaths ?? []);
    if (!(await connection.notePaused(true))) throw notRunning(record);
  } catch (error) {
    connection.close();
    throw error;
  }
  tell(keeping, record, 'pause');
  return { record, connection };
}

/** @returns false where it has ended meanwhile */
async function thaw(
  keeping: Keeping,
  record: ContainerRecord,
  connection: MonitorConnection,
): Promise<boolean> {
  thawCgroup(keeping.cgroups, record.cgroupPaths ?? []);
  if (!(await connection.notePaused(false))) return false;
  tell(keeping, record, 'unpause');
  return true;
}

async function connect({ store }: Keeping, record: ContainerRecord): Promise<MonitorConnection> {
  const connection = await MonitorConnection.connect(store.directory(record.id));
  if (connection) return connection;
  if (record.detached) throw notRunning(record);
  throw new SkiffError(`cannot pause container ${record.id.slice(0, 12)}: it runs in the foreground`, {
    code: 'NOT_DETACHED',
    path: record.id,
    exitCode: 1,
    remedy: 'Start it with -d.',
  });
}

function alreadyPaused(record: ContainerRecord): SkiffError {
  return wrongState(record, 'is already paused', 'CONTAINER_PAUSED');
}

function wrongState({ id }: ContainerRecord, what: string, code: string): SkiffError {
  return new SkiffError(`container ${id.slice(0, 12)} ${what}`, { code, path: id, exitCode: 1 });
}
