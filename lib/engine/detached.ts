import path from 'node:path';
import { SkiffError } from '../common/errors';
import { packageRoot } from '../common/package';
import { native } from '../native';
import type { RuntimeContext } from '../runtime/context';
import { attachFlags, type MonitorConnection } from '../runtime/detached/control';
import { createDetached, startDetached, type DetachedStart } from '../runtime/detached/detached';
import { withContainerLock } from '../runtime/detached/lock';
import { idsFor } from '../runtime/ids';
import { removeLeftover } from '../runtime/leftover';
import { anonymousOf } from '../runtime/volumes';
import { parseSignal } from '../common/signals';
import { parseRestart, toLogLimits } from '../spec/life';
import { toTimeout } from '../spec/options';
import type { Word } from '../spec/types';
import { RECORD_VERSION, type ContainerRecord, type ContainerStore } from '../state';
import { invalidArgument } from '../common/errors';
import type { ImageStore } from '../image/store';
import type { Launcher, Prepared, Recorded } from './launcher';
import { withAbsoluteVolumes } from './mounts';
import { tell } from './life';
import { isRunning, lookAtRecord } from './managed';
import type { CreateOptions } from './options';
import { throwIfAborted } from './outcome';

/** What detached containers are made with. */
export interface Detaching {
  context: RuntimeContext;
  launcher: Launcher;
  images: ImageStore;
}

/** The part of the options that a record keeps: plain JSON, with the command as it was given. */
interface StoredOptions extends CreateOptions {
  /** Words that are no UTF-8 as `{ base64 }`. */
  command: (string | { base64: string })[];
}

/**
 * Make a container that nothing runs in yet.
 *
 * @throws SkiffError where it could not be started as it is; nothing of it is left then
 */
export async function createContainer(
  detaching: Detaching,
  command: readonly Word[],
  options: CreateOptions,
): Promise<ContainerRecord> {
  const { record, start } = await create(detaching, command, options, 'created');
  start.mounts?.settle({ ephemeral: start.remove });
  return record;
}

/**
 * Make a container and start it; resolves when its command runs.
 *
 * @param signal aborts what has not begun
 * @throws SkiffError where it could not be started; nothing of it is left then
 */
export async function runDetached(
  detaching: Detaching,
  command: readonly Word[],
  options: CreateOptions,
  signal?: AbortSignal,
): Promise<ContainerRecord> {
  throwIfAborted(command, signal);
  const { store, cgroups } = detaching.context;
  const { record, start } = await create(detaching, command, options, 'starting');
  const directory = store.directory(record.id);
  try {
    await withContainerLock(directory, lock => startDetached(detaching.context, start, lock));
    start.mounts?.settle({ ephemeral: start.remove });
    return record;
  } catch (error) {
    const found = store.find(record.id);
    if (found) await removeLeftover(store, found, cgroups);
    await start.mounts?.undo();
    tell(detaching.context, record, 'destroy');
    throw error;
  }
}

/**
 * Start a container that does not run; resolves when its command runs. One that runs is fine, as in Docker.
 *
 * @param attach the connection gets all output from the first byte on, and holds it until somebody takes it
 * @returns a connection to its monitor where `attach` asks for it, and it did not run already
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, NOT_DETACHED; or why its command could not be run, which its record
 * tells from then on, too
 */
export async function startExisting(
  detaching: Detaching,
  reference: string,
  attach: { input: boolean } | undefined,
): Promise<{ record: ContainerRecord; connection?: MonitorConnection }> {
  const { context } = detaching;
  const { id } = await lookAtRecord(context, reference);
  return withContainerLock(context.store.directory(id), async lock => {
    const record = await lookAtRecord(context, id);
    if (isRunning(record)) return { record };
    if (!record.detached) throw notDetached(record);
    const { command, ...options } = record.options as unknown as StoredOptions;
    const words = command.map(word => (typeof word === 'string' ? word : Buffer.from(word.base64, 'base64')));
    const image = record.imageId ?? options.image;
    const recorded = { made: record, mounts: record.mounts ?? [], driver: record.driver };
    const prepared = await prepare(detaching, id, words, { ...options, image }, recorded);
    const start = {
      ...startOf(context.store, record, prepared, options),
      attached: attach ? attachFlags(attach) : 0,
    };
    try {
      await prepared.mounts?.prepare();
      context.store.markStaying(id, prepared.spec.base);
      return { record, connection: await startDetached(context, start, lock) };
    } finally {
      prepared.mounts?.settle({ ephemeral: start.remove });
    }
  });
}

async function create(
  detaching: Detaching,
  command: readonly Word[],
  given: CreateOptions,
  status: 'created' | 'starting',
): Promise<{ record: ContainerRecord; start: DetachedStart }> {
  const { context } = detaching;
  const options = withAbsoluteVolumes(given);
  checkLife(options);
  const id = native().randomId();
  const prepared = await prepare(detaching, id, command, options);
  const ids = idsFor(context.store, id, detaching.launcher.ids(options));
  const record = { ...recordOf(context, id, status, { command, options, prepared }), ...(ids && { ids }) };
  const start = startOf(context.store, record, prepared, options);
  try {
    await prepared.mounts?.prepare();
    const named = options.name !== undefined;
    await createDetached(context, record, { named, process: prepared.spec.base });
  } catch (error) {
    await prepared.mounts?.undo();
    if (ids) context.store.ids.free(id, ids);
    throw error;
  }
  tell(context, record, 'create');
  return { record, start };
}

function prepare(
  { launcher }: Detaching,
  id: string,
  command: readonly Word[],
  options: CreateOptions,
  recorded?: Recorded,
): Promise<Prepared> {
  return launcher.prepare(id, command, options, recorded);
}

/** Refused before anything is made. */
function checkLife(options: CreateOptions): void {
  const { name } = parseRestart(options.restart);
  if (options.remove && name !== 'no') {
    throw invalidArgument('conflicting options: cannot specify both --restart and --rm');
  }
  if (options.stopSignal !== undefined) parseSignal(options.stopSignal);
  toLogLimits(options.log);
}

function recordOf(
  { store }: RuntimeContext,
  id: string,
  status: 'created' | 'starting',
  { command, options, prepared }: { command: readonly Word[]; options: CreateOptions; prepared: Prepared },
): ContainerRecord {
  const { source, spec, driver } = prepared;
  const words = command.map(word => (typeof word === 'string' ? word : { base64: word.toString('base64') }));
  const { stopSignal, labels } = source.config;
  const stored: StoredOptions = { ...options, stopSignal: options.stopSignal ?? stopSignal, command: words };
  return {
    version: RECORD_VERSION,
    id,
    name: options.name ?? id.slice(0, 12),
    status,
    owner: store.owner,
    created: Date.now(),
    image: source.name,
    command: spec.args,
    driver: driver.name,
    detached: true,
    layers: source.layers,
    imageId: source.imageId,
    labels: { ...labels, ...options.labels },
    ...(prepared.mounts && { mounts: prepared.mounts.recorded }),
    options: withoutDefaults(stored),
  };
}

function startOf(
  store: ContainerStore,
  record: ContainerRecord,
  prepared: Prepared,
  options: CreateOptions,
): DetachedStart {
  const { source, spec, driver, mounts } = prepared;
  return {
    record,
    ...(mounts && { mounts }),
    layers: source.layers,
    driver,
    spec,
    terminal: Boolean(options.tty),
    openInput: options.openInput ?? false,
    attached: 0,
    log: toLogLimits(options.log),
    restart: parseRestart(options.restart),
    timeoutMs: toTimeout(options.timeout) ?? 0,
    remove: options.remove ?? false,
    named: options.name !== undefined,
    after: options.remove ? volumeRemoval(store.root, record) : [],
  };
}

/** With --rm a container's anonymous volumes go, too: that is more than a monitor knows. */
function volumeRemoval(root: string, { id, mounts }: ContainerRecord): string[] {
  if (anonymousOf(mounts).length === 0) return [];
  const program = path.join(packageRoot(), 'bin', 'run');
  return [process.execPath, program, '--root', root, 'rm', '-f', '-v', id];
}

function notDetached({ id }: ContainerRecord): SkiffError {
  return new SkiffError(`cannot start container ${id.slice(0, 12)}: it ran in the foreground`, {
    code: 'NOT_DETACHED',
    path: id,
    exitCode: 1,
    remedy: 'Run its command again, with -d where it shall be started and stopped.',
  });
}

/** What says nothing: records are read by the thousand. */
function withoutDefaults(options: StoredOptions): Record<string, unknown> {
  const says = (value: unknown) =>
    value !== undefined &&
    value !== false &&
    !(typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name === 'command' || says(value)),
  );
}
