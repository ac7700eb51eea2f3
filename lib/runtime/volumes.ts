import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import type { NativeCopyUp } from '../native';
import { appendEvent, type ContainerStore, type FoundContainer, type RecordedMount } from '../state';
import { findContainer } from './find';
import type { UsersOf, VolumeStore } from '../volumes';

/** What is mounted in a container of the host, and of volumes. */
export interface PlannedMounts {
  recorded: RecordedMount[];
  /** To be looked at after {@link prepare}. */
  copyUps: NativeCopyUp[];
  /** Make what is missing, and hold it until the record of the container names it. */
  prepare(): Promise<void>;
  /** That is so now. `ephemeral`: the container goes, and what was made for it, when this process is done with it. */
  settle(how: { ephemeral: boolean }): void;
  /** The container is gone, or was never there. */
  undo(): Promise<void>;
}

/** Write down that something was done to a volume. */
export function tellVolume(
  { root }: ContainerStore,
  action: string,
  name: string,
  attributes: Record<string, string> = { driver: 'local' },
): void {
  appendEvent(root, { type: 'volume', action, id: name, attributes });
}

/** Tells which containers name a volume, each time anew. */
export function volumeUsers(store: ContainerStore): UsersOf {
  return name =>
    store
      .list()
      .filter(found => names(found, name, store))
      .map(({ id }) => id);
}

/** Tells whether a container that stays until somebody removes it names a volume. */
export function keptVolumes(store: ContainerStore): (name: string) => boolean {
  return name => store.list().some(found => stays(found) && names(found, name, store));
}

function stays(found: FoundContainer): boolean {
  if (found.kind !== 'record') return true;
  const { detached, status, options } = found.record;
  return detached ? options?.remove !== true : status === 'exited';
}

function names(found: FoundContainer, volume: string, store: ContainerStore): boolean {
  if (found.kind === 'record') {
    return (found.record.mounts ?? []).some(mount => mount.type === 'volume' && mount.name === volume);
  }
  // A record of a later version, or one that cannot be read: what looks like the volume is taken for it.
  const directory = found.kind === 'broken' ? found.directory : store.directory(found.id);
  return readRecord(path.join(directory, 'state.json')).includes(JSON.stringify(volume));
}

function readRecord(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(error) ?? '')) return '';
    throw error;
  }
}

/** The volumes among a container's mounts that have no name of the user's. */
export function anonymousOf(mounts: readonly RecordedMount[] = []): string[] {
  return mounts
    .filter(({ type, anonymous }) => type === 'volume' && anonymous)
    .flatMap(({ name = [] }) => name);
}

/**
 * Remove the anonymous volumes of a container that is gone, but those that another one uses, too. Where this process
 * may be killed before that is done, they are claimed before the container is removed.
 */
export async function removeAnonymous(
  volumes: VolumeStore,
  store: ContainerStore,
  mounts: readonly RecordedMount[] | undefined,
): Promise<void> {
  for (const name of anonymousOf(mounts)) {
    try {
      await volumes.remove(name, volumeUsers(store));
      tellVolume(store, 'destroy', name);
    } catch (error) {
      if (!['VOLUME_NOT_FOUND', 'VOLUME_IN_USE'].includes(errorCode(error) ?? '')) throw error;
    }
    volumes.disclaim(name);
  }
}

/**
 * Remove a container and its anonymous volumes.
 *
 * @param remove removes the container alone
 */
export async function withVolumes<T>(
  reference: string,
  { store, volumes }: { store: ContainerStore; volumes: VolumeStore },
  remove: () => Promise<T>,
): Promise<T> {
  const found = findContainer(reference, store);
  const mounts = found.kind === 'record' ? found.record.mounts : undefined;
  claimAnonymous(volumes, mounts);
  try {
    const removed = await remove();
    await removeAnonymous(volumes, store, mounts);
    return removed;
  } catch (error) {
    // It is still there, and so are they.
    for (const name of anonymousOf(mounts)) volumes.disclaim(name);
    throw error;
  }
}

/** See {@link removeAnonymous}. */
export function claimAnonymous(volumes: VolumeStore, mounts: readonly RecordedMount[] | undefined): void {
  for (const name of anonymousOf(mounts)) volumes.claim(name);
}
