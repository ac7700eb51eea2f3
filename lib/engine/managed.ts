import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, SkiffError } from '../common/errors';
import { isAliveHere } from '../common/identity';
import { parseSignal } from '../common/signals';
import { findContainer } from '../runtime/find';
import { tidy } from '../runtime/sweep';
import { MonitorConnection } from '../runtime/detached/control';
import type { CgroupSetup } from '../cgroup';
import type { ContainerRecord, ContainerStore, FoundContainer } from '../state';

/** What is needed to look after containers that are there. */
export interface Keeping {
  store: ContainerStore;
  cgroups: CgroupSetup;
}

/** How often to look whether a container that has no monitor has ended, in ms. */
const LOOK_MS = 10;

/**
 * What there is of a container now; what nobody looks after any more is brought to its end first.
 *
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
 */
export async function look({ store, cgroups }: Keeping, reference: string): Promise<FoundContainer> {
  const found = findContainer(reference, store);
  return (await tidy(store, found, cgroups)) ?? findContainer(reference, store);
}

/**
 * The same for what needs its record.
 *
 * @throws SkiffError BAD_RECORD where it cannot be read
 */
export async function lookAtRecord(keeping: Keeping, reference: string): Promise<ContainerRecord> {
  const found = await look(keeping, reference);
  if (found.kind === 'record') return found.record;
  throw new SkiffError(
    `cannot use container ${found.id.slice(0, 12)}: ${
      found.kind === 'future' ? 'it was made by a later version of skiff' : 'its record cannot be read'
    }`,
    {
      code: 'BAD_RECORD',
      path: found.id,
      exitCode: 1,
      remedy:
        found.kind === 'future' ? 'Use that version.' : `Remove it: skiff rm -f ${found.id.slice(0, 12)}`,
    },
  );
}

/** A command of it runs, or is about to again. */
export function isRunning({ status }: ContainerRecord): boolean {
  return ['starting', 'running', 'paused', 'restarting'].includes(status);
}

/** @throws SkiffError CONTAINER_NOT_RUNNING */
export function requireRunning(record: ContainerRecord): void {
  if (isRunning(record)) return;
  throw notRunning(record);
}

export function notRunning({ id }: ContainerRecord): SkiffError {
  return new SkiffError(`container ${id.slice(0, 12)} is not running`, {
    code: 'CONTAINER_NOT_RUNNING',
    path: id,
    exitCode: 1,
  });
}

/**
 * Send a signal to a container's init.
 *
 * @param stop it is not restarted after it
 * @throws SkiffError CONTAINER_NOT_RUNNING
 */
export async function signalContainer(
  { store }: Keeping,
  record: ContainerRecord,
  signal: string | number,
  stop: boolean,
): Promise<void> {
  const number = parseSignal(signal);
  requireRunning(record);
  const connection = await MonitorConnection.connect(store.directory(record.id));
  if (connection) {
    const sent = await connection.signal(number, { stop });
    connection.close();
    if (sent) return;
  } else if (sendTo(record, number)) return;
  throw notRunning(record);
}

/** Of a container whose own starter looks after it. */
function sendTo({ init }: ContainerRecord, signal: number): boolean {
  if (!init || !isAliveHere(init)) return false;
  try {
    return process.kill(init.pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Wait until a container has ended for good, and all that its end takes away is gone.
 *
 * @returns the exit code; undefined where nobody can tell
 */
export async function awaitEnd(
  keeping: Keeping,
  id: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const { store, cgroups } = keeping;
  for (;;) {
    signal?.throwIfAborted();
    const found = store.find(id);
    const now = found && (await tidy(store, found, cgroups));
    if (!now) return undefined;
    if (now.kind !== 'record' || !isRunning(now.record)) {
      return now.kind === 'record' ? now.record.exitCode : undefined;
    }
    const connection = await MonitorConnection.connect(store.directory(id));
    if (connection) {
      const abort = () => connection.close();
      signal?.addEventListener('abort', abort, { once: true });
      const code = await connection.ended;
      signal?.removeEventListener('abort', abort);
      connection.close();
      if (code !== undefined) return code;
    } else {
      await sleep(LOOK_MS);
    }
  }
}
