import path from 'node:path';
import { SkiffError } from '../common/errors';
import type { NativeCopyUp } from '../native';
import { claimAnonymous, removeAnonymous, tellVolume, type PlannedMounts } from '../runtime/volumes';
import { toDestination } from '../spec/destination';
import { checkMount, toMount, type CheckedMount, type MountRequest } from '../spec/mount-request';
import { tmpfsMounts } from '../spec/mounts';
import type { Mount } from '../spec/types';
import { absoluteVolumes, parseVolume } from '../spec/volumes';
import type { ContainerStore, RecordedMount } from '../state';
import type { VolumeLock, VolumeStore } from '../volumes';
import { ensureSource } from './bind-source';
import { mountsFrom, requestOf } from './volumes-from';

/** The options that tell what of the host, and what volumes, a container has. */
export interface MountOptions {
  tmpfs?: readonly string[];
  volumes?: readonly string[];
  mounts?: readonly MountRequest[];
  volumesFrom?: readonly string[];
  /** Whether what comes from others can be shifted. */
  userns?: string;
}

/** What mounts are made with, of one root. */
export interface MountContext {
  store: ContainerStore;
  volumes: VolumeStore;
}

/**
 * What is to be mounted in a container: nothing is made yet. Where options and image ask for nothing, undefined.
 *
 * As in Docker, what another container has comes first, then the options, each of which takes the place of what came from
 * there; the image's volumes are where nothing else is.
 *
 * @param imageVolumes places that the image wants volumes at
 * @param recorded of a container that has been made before: it keeps its anonymous volumes, and what came from others
 * @throws SkiffError INVALID_ARGUMENT, or CONTAINER_NOT_FOUND of `volumesFrom`
 */
export function resolveMounts(
  options: MountOptions,
  imageVolumes: readonly string[],
  context: MountContext,
  recorded?: readonly RecordedMount[],
): ContainerMounts | undefined {
  const { tmpfs = [], volumes = [], mounts = [], volumesFrom = [] } = options;
  if (volumes.length + mounts.length + volumesFrom.length + imageVolumes.length === 0) return undefined;
  const asked = [...volumes.map(parseVolume), ...mounts.map(checkMount)].map(request =>
    asRecorded(request, recorded),
  );
  const taken = new Set([...asked.map(({ target }) => target), ...placesOf(tmpfs)]);
  const before = recorded?.map(mount => requestOf(mount)) ?? mountsFrom(volumesFrom, context.store, options);
  const others = before.filter(({ type, target }) => type !== 'tmpfs' && !taken.has(target));
  for (const { target } of others) taken.add(target);
  const ofImage = imageVolumes
    .map(place => ({ type: 'volume' as const, target: toDestination(place) }))
    .filter(({ target }) => !taken.has(target));
  return new ContainerMounts(partsOf([...others, ...asked, ...ofImage], context), context);
}

/** An anonymous volume is the one that the container had there. */
function asRecorded(request: CheckedMount, recorded: readonly RecordedMount[] = []): CheckedMount {
  if (request.type !== 'volume' || request.source) return request;
  const before = recorded.find(({ destination, anonymous }) => anonymous && destination === request.target);
  return before?.name === undefined ? request : { ...request, source: before.name, anonymous: true };
}

function placesOf(tmpfs: readonly string[]): string[] {
  return tmpfs.length === 0 ? [] : tmpfsMounts(tmpfs).map(({ destination }) => destination);
}

/** How often a volume may be removed by somebody between its making and its locking. */
const ATTEMPTS = 100;

/** Mounts in the forms in which they are needed. */
interface Parts {
  requests: readonly CheckedMount[];
  /** As the spec has them. */
  mounts: Mount[];
  /** As the container's record has them. */
  recorded: RecordedMount[];
  /** The bind mounts, of each source one. */
  sources: CheckedMount[];
  /** Each container has others. */
  areUnique: boolean;
}

function partsOf(asked: readonly CheckedMount[], { volumes }: MountContext): Parts {
  const requests = asked.map(request =>
    request.type === 'volume' && !request.source
      ? { ...request, source: volumes.newName(), anonymous: true }
      : request,
  );
  const sources = requests.map(({ type, source = '' }) =>
    type === 'volume' ? volumes.mountpointOf(source) : source,
  );
  return {
    requests,
    mounts: requests.map((request, at) => toMount(request, sources[at]!)),
    recorded: requests.map((request, at) => recordOf(request, sources[at]!)),
    sources: distinctSources(requests),
    areUnique: requests.some(({ anonymous }) => anonymous),
  };
}

/** The mounts of one container, from the options to their end. */
export class ContainerMounts implements PlannedMounts {
  /** Volumes that what the image has is copied into, once {@link prepare} has looked at them. */
  readonly copyUps: NativeCopyUp[] = [];
  private readonly locks: VolumeLock[] = [];

  constructor(
    private readonly parts: Parts,
    private readonly context: MountContext,
  ) {}

  /** As the spec has them. */
  get mounts(): Mount[] {
    return this.parts.mounts;
  }

  /** As the container's record has them. */
  get recorded(): RecordedMount[] {
    return this.parts.recorded;
  }

  private get requests(): readonly CheckedMount[] {
    return this.parts.requests;
  }

  /** Of the host's paths alone, which name the same for each container. */
  get areBinds(): boolean {
    return this.requests.every(({ type }) => type === 'bind');
  }

  /** The same for another container. */
  again(): ContainerMounts {
    return new ContainerMounts(this.parts, this.context);
  }

  /** Each container has others. */
  get areUnique(): boolean {
    return this.parts.areUnique;
  }

  /**
   * Make what is missing: directories of the host, volumes. The volumes are locked until {@link settle} or {@link undo},
   * so that none is removed before the container's record names it.
   *
   * @throws SkiffError after which {@link undo} is to be called
   */
  async prepare(): Promise<void> {
    this.copyUps.length = 0;
    for (const request of this.parts.sources) ensureSource(request);
    // In one order in every process: two that want the same ones do not wait for each other.
    const volumes = this.requests.filter(({ type }) => type === 'volume');
    for (const [name, requests] of [...groupByName(volumes)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await this.prepareVolume(name, requests);
    }
  }

  /**
   * The container's record is written.
   *
   * @param ephemeral the container is removed by this process, and its anonymous volumes with it
   */
  settle({ ephemeral }: { ephemeral: boolean }): void {
    this.unlock();
    if (ephemeral) return;
    for (const { source = '', anonymous } of this.requests) {
      if (anonymous) this.context.volumes.disclaim(source);
    }
  }

  /** The container is gone, or could not be made: its anonymous volumes go, too, where no other has them. */
  async undo(): Promise<void> {
    this.unlock();
    await removeAnonymous(this.context.volumes, this.context.store, this.recorded);
  }

  private async prepareVolume(name: string, requests: readonly CheckedMount[]): Promise<void> {
    const { volumes } = this.context;
    const [first] = requests;
    const isAnonymous = requests.some(({ anonymous }) => anonymous);
    if (isAnonymous)
      claimAnonymous(
        volumes,
        this.recorded.filter(mount => mount.name === name),
      );
    const labels = first?.labels;
    // What the image has would come with the ids of this container alone.
    const toFill = requests.find(({ noCopy, subpath, idmap }) => !noCopy && !subpath && !idmap);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const isNew = !volumes.find(name);
      const volume = volumes.create({ name, anonymous: isAnonymous, ...(labels && { labels }) });
      if (isNew) tellVolume(this.context.store, 'create', name);
      const lock = await volumes.lock(name, { shared: true });
      // Somebody has removed it in between.
      if (!lock) continue;
      const isFilled = !toFill || volume.options.device !== undefined || !volumes.isUnfilled(name);
      if (isFilled) return void this.locks.push(lock);
      lock.release();
      const own = await volumes.lock(name);
      if (!own) continue;
      this.locks.push(own);
      const directory = path.join(volumes.directory, name);
      this.copyUps.push({ path: toFill.target, volume: directory, temporary: volumes.temporary() });
      return;
    }
    throw new SkiffError(`cannot use the volume: ${name}: it is removed again and again`, {
      code: 'VOLUME_BUSY',
      path: name,
    });
  }

  private unlock(): void {
    for (const lock of this.locks.splice(0)) lock.release();
  }
}

/** Of the bind mounts, those that differ in what {@link ensureSource} does. */
function distinctSources(requests: readonly CheckedMount[]): CheckedMount[] {
  const seen = new Map<string, CheckedMount>();
  return requests.filter(request => {
    const { type, source = '', makeSource, propagation } = request;
    if (type !== 'bind') return false;
    const other = seen.get(source);
    seen.set(source, request);
    return !other || other.makeSource !== makeSource || other.propagation !== propagation;
  });
}

function recordOf(request: CheckedMount, path: string): RecordedMount {
  const { type, source = '', target, readOnly = false, anonymous, idmap, subpath, propagation } = request;
  const recorded: RecordedMount = {
    type,
    source: type === 'tmpfs' ? '' : path,
    destination: target,
    readOnly,
  };
  if (type === 'volume') recorded.name = source;
  if (anonymous) recorded.anonymous = anonymous;
  if (idmap) recorded.idmap = idmap;
  if (subpath) recorded.subpath = subpath;
  if (propagation) recorded.propagation = propagation;
  return recorded;
}

function groupByName(requests: readonly CheckedMount[]): Map<string, CheckedMount[]> {
  const groups = new Map<string, CheckedMount[]>();
  for (const request of requests) {
    const { source = '' } = request;
    groups.set(source, [...(groups.get(source) ?? []), request]);
  }
  return groups;
}

/** The same options where they do not depend on the working directory any more. */
export function withAbsoluteVolumes<Options extends MountOptions>(options: Options): Options {
  const { volumes = [], mounts = [] } = options;
  const isRelative = (text = '') => text.startsWith('.');
  if (!volumes.some(isRelative) && !mounts.some(({ source }) => isRelative(source))) return options;
  return {
    ...options,
    volumes: absoluteVolumes(volumes),
    mounts: mounts.map(mount =>
      isRelative(mount.source) ? { ...mount, source: path.resolve(mount.source!) } : mount,
    ),
  };
}
