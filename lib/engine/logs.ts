import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../common/errors';
import { isAlive } from '../common/identity';
import {
  readLogs,
  readLogText,
  type LogEntry,
  type LogOptions,
  type LogText,
  type LogTextOptions,
} from '../logs';
import { findContainer, noSuchContainer } from '../runtime/find';
import type { ContainerStore, FoundContainer } from '../state';

/** In these more may be written. */
const LIVING = ['starting', 'running', 'restarting', 'paused'];

/**
 * What a container wrote, line by line.
 *
 * @param reference its name, its id or the beginning of its id
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, NO_LOG, INVALID_ARGUMENT, ABORT_ERR
 */
export async function* containerLogs(
  reference: string,
  options: LogOptions,
  store: ContainerStore,
): AsyncGenerator<LogEntry, void, undefined> {
  const { directory, isOver } = findLog(reference, store);
  yield* readLogs(directory, options, isOver);
}

/** The same as it was written, in parts as large as they come: for large logs. */
export async function* containerLogText(
  reference: string,
  options: LogTextOptions,
  store: ContainerStore,
): AsyncGenerator<LogText[], void, undefined> {
  const { directory, isOver } = findLog(reference, store);
  yield* readLogText(directory, options, isOver);
}

function findLog(reference: string, store: ContainerStore) {
  const found = findContainer(reference, store);
  const directory = store.directory(found.id);
  const isDetached = found.kind === 'record' && found.record.detached === true;
  if (!isDetached && !fs.existsSync(path.join(directory, 'log'))) {
    // It is just being removed.
    if (found.kind === 'broken' && store.isLeftover(found)) throw noSuchContainer(reference);
    throw new SkiffError(`container ${reference} has no log: it was not started detached`, {
      code: 'NO_LOG',
      path: reference,
      exitCode: 1,
      remedy: 'What a container in the foreground writes is not kept; start it by skiff run -d.',
    });
  }
  return { directory, isOver: async () => !mayWrite(store.find(found.id)) };
}

/** Of a container whose monitor is gone nobody writes the log, whatever its record says. */
function mayWrite(found: FoundContainer | undefined): boolean {
  if (found?.kind !== 'record') return false;
  const { status, state } = found.record;
  return LIVING.includes(state?.status ?? status) && (!state?.monitor || isAlive(state.monitor));
}
