import { setTimeout as sleep } from 'node:timers/promises';
import { thawCgroup } from '../cgroup';
import { errorCode, SkiffError } from '../common/errors';
import { parseSignal } from '../common/signals';
import { MonitorConnection } from '../runtime/detached/control';
import { withContainerLock } from '../runtime/detached/lock';
import { sweepForgotten } from '../runtime/image-users';
import { removeLeftover } from '../runtime/leftover';
import { appendEvent, type ContainerRecord, type ContainerStore, type FoundContainer } from '../state';
import { awaitEnd, isRunning, look, lookAtRecord, signalContainer, type Keeping } from './managed';

const STOP_SIGNAL = 'SIGTERM';
/** Seconds, Docker's. */
const STOP_TIMEOUT = 10;

/** How a container is asked to end. */
export interface StopOptions {
  /** Seconds until it is killed; -1: never. The container's own where not given. */
  timeout?: number;
  /** The container's own where not given, `SIGTERM` in the end. */
  signal?: string;
}

/**
 * Ask a container to end, and kill it where it does not. One that does not run is fine, as in Docker.
 *
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS
 */
export async function stopContainer(
  keeping: Keeping,
  reference: string,
  options: StopOptions = {},
): Promise<void> {
  const record = await lookAtRecord(keeping, reference);
  if (!isRunning(record)) return;
  const { signal = textOf(record.options?.stopSignal) ?? STOP_SIGNAL } = options;
  const timeout = options.timeout ?? numberOf(record.options?.stopTimeout) ?? STOP_TIMEOUT;
  await tolerant(signalContainer(keeping, record, signal, true));
  await thawNoted(keeping, record);
  const ended = awaitEnd(keeping, record.id);
  if (timeout >= 0 && !(await inTime(ended, timeout * 1000))) {
    await tolerant(signalContainer(keeping, record, 'SIGKILL', true));
  }
  await ended;
  tell(keeping, record, 'stop');
}

/**
 * Send a signal to a container's init; SIGKILL ends all of it.
 *
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, CONTAINER_NOT_RUNNING, INVALID_ARGUMENT
 */
export async function killContainer(keeping: Keeping, reference: string, signal = 'SIGKILL'): Promise<void> {
  const record = await lookAtRecord(keeping, reference);
  const ending = ['SIGKILL', textOf(record.options?.stopSignal) ?? STOP_SIGNAL].map(parseSignal);
  // Docker restarts what was asked to end by hand no more, whatever its policy, and thaws it for that.
  const ends = ending.includes(parseSignal(signal));
  await signalContainer(keeping, record, signal, ends);
  if (ends) await thawNoted(keeping, record);
  tell(keeping, record, 'kill', { signal });
}

export interface RemoveOptions {
  /** Kill what runs; remove what cannot be read. */
  force?: boolean;
  /** Called with the record of what was removed: for its anonymous volumes. */
  removed?: (record: ContainerRecord) => void | Promise<void>;
}

/**
 * Remove a container with what it wrote.
 *
 * @returns its id
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, CONTAINER_RUNNING
 */
export async function removeContainer(
  keeping: Keeping,
  reference: string,
  { force = false, removed }: RemoveOptions = {},
): Promise<string> {
  const found = await look(keeping, reference);
  const { store, cgroups } = keeping;
  if (found.kind === 'record' && isRunning(found.record)) {
    if (!force) throw stillRunning(found.record, reference);
    await tolerant(signalContainer(keeping, found.record, 'SIGKILL', true));
    thaw(keeping, found.record);
    await awaitEnd(keeping, found.id);
  }
  if (found.kind !== 'record') {
    if (!force) throw unreadable(found, reference);
    await endUnread(store, found);
  }
  // One that was about to be started may run by now: it is ended like any other.
  if (!(await removeLocked())) return removeContainer(keeping, found.id, { force, removed });
  await sweepForgotten(store);
  if (found.kind === 'record') {
    await removed?.(found.record);
    tell(keeping, found.record, 'destroy');
  }
  return found.id;

  async function removeLocked(): Promise<boolean> {
    const now = store.find(found.id);
    // With --rm its end has removed it.
    if (!now) return true;
    if (now.kind === 'broken') {
      await removeLeftover(store, now, cgroups);
      return true;
    }
    try {
      return await withContainerLock(store.directory(found.id), async () => {
        const locked = store.find(found.id);
        if (locked && hasBegun(store, locked)) return false;
        await removeLeftover(store, locked ?? now, cgroups);
        return true;
      });
    } catch (error) {
      // Somebody else has removed it meanwhile.
      if (errorCode(error) !== 'ENOENT' || store.find(found.id)) throw error;
      return true;
    }
  }
}

/** A monitor looks after it. */
function hasBegun(store: ContainerStore, found: FoundContainer): boolean {
  if (found.kind !== 'record' || !found.record.state?.monitor) return false;
  return isRunning(found.record) && !store.isDeserted(found);
}

function unreadable({ kind }: FoundContainer, reference: string): SkiffError {
  const reason = kind === 'future' ? 'it was made by a later version of skiff' : 'its record cannot be read';
  return new SkiffError(`cannot remove container ${reference}: ${reason}`, {
    code: 'BAD_RECORD',
    path: reference,
    exitCode: 1,
    remedy: `Remove it by force: skiff rm -f ${reference}`,
  });
}

/** A monitor that looks after it would start its command again, and write into what is being removed. */
async function endUnread(store: ContainerStore, found: FoundContainer): Promise<void> {
  const directory = found.kind === 'broken' ? found.directory : store.directory(found.id);
  const connection = await MonitorConnection.connect(directory);
  if (!connection) return;
  await connection.signal(parseSignal('SIGKILL'), { stop: true });
  await connection.ended;
  connection.close();
}

function stillRunning(record: ContainerRecord, reference: string): SkiffError {
  const state = record.status === 'paused' ? 'paused' : 'running';
  const remedy = record.detached
    ? `Stop it first (skiff stop ${reference}), or remove it by force: skiff rm -f ${reference}`
    : 'End it where it was started, or remove it by force (rm -f); without --keep it is removed at its end.';
  return new SkiffError(`cannot remove container ${reference}: it is ${state}`, {
    code: 'CONTAINER_RUNNING',
    path: reference,
    exitCode: 1,
    remedy,
  });
}

/** Write down that something was done to a container. */
export function tell(
  { store }: Keeping,
  { id, name, image, labels }: ContainerRecord,
  action: string,
  attributes: Record<string, string> = {},
): void {
  appendEvent(store.root, {
    type: 'container',
    action,
    id,
    attributes: { ...labels, image, name, ...attributes },
  });
}

function thaw({ cgroups }: Keeping, record: ContainerRecord): void {
  thawCgroup(cgroups, record.cgroupPaths ?? []);
}

/**
 * It goes on, however it takes the signal that it is thawed for; its record shall tell that. One whose pause was killed is
 * frozen and does not say so.
 */
async function thawNoted(keeping: Keeping, record: ContainerRecord): Promise<void> {
  thaw(keeping, record);
  if (record.status !== 'paused') return;
  const connection = await MonitorConnection.connect(keeping.store.directory(record.id));
  await connection?.notePaused(false);
  connection?.close();
}

/** What has ended by itself meanwhile is what was asked for. */
async function tolerant(signalled: Promise<void>): Promise<void> {
  await signalled.catch((error: unknown) => {
    if (!(SkiffError.is(error) && error.code === 'CONTAINER_NOT_RUNNING')) throw error;
  });
}

async function inTime(ended: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([ended.then(() => true), late]);
  timer.abort();
  return done;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
