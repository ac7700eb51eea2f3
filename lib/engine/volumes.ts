import { fitsLabels } from '../common/labels';
import { errorCode, errorMessage, invalidArgument, SkiffError } from '../common/errors';
import { tellVolume, volumeUsers } from '../runtime/volumes';
import { checkVolumeName } from '../spec/mount-request';
import { checkVolumeOptions } from '../spec/volume-options';
import { ContainerStore } from '../state';
import { treeSize, VolumeStore, type Volume } from '../volumes';
import type { VolumeUsage } from './disk-usage';
import type { Pruned } from './prune';
import { rootDirectory } from './root';

/** What is known of a volume. */
export interface VolumeInfo extends Volume {
  driver: 'local';
  scope: 'local';
}

/** What a volume is made with. */
export interface VolumeOptions {
  /** Random where not given. */
  name?: string;
  /** `local`. */
  driver?: string;
  /** For filters, and for whoever looks. */
  labels?: Record<string, string>;
  /** `{ device: '/host/directory', o: 'bind' }`: that directory stands for the volume. */
  options?: Record<string, string>;
}

/** Which volumes are wanted: of the values of one kind one has to fit, of labels all. */
export interface VolumeFilters {
  /** Whether no container names it. */
  dangling?: boolean;
  driver?: readonly string[];
  /** `key` or `key=value`. */
  label?: readonly string[];
  /** The same: those that have it are not wanted. */
  withoutLabel?: readonly string[];
  /** Regular expressions, found anywhere in the name. */
  name?: readonly string[];
}

/** The volumes of a root. Nothing is probed, opened or swept for it. */
export class Volumes {
  private readonly volumes: VolumeStore;
  private readonly containers: ContainerStore;

  /** @param options.root as for {@link Skiff.open} */
  constructor({ root }: { root?: string } = {}) {
    const directory = rootDirectory(root);
    this.volumes = new VolumeStore(directory);
    this.containers = new ContainerStore(directory);
  }

  /**
   * Make a volume; one of that name that is there already stays as it is.
   *
   * @throws SkiffError INVALID_ARGUMENT, or where it could not be made
   */
  async create({ name, driver = 'local', labels, options = {} }: VolumeOptions = {}): Promise<VolumeInfo> {
    if (driver !== 'local') {
      throw new SkiffError(
        `error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
        {
          code: 'INVALID_ARGUMENT',
          path: driver,
          exitCode: 1,
          remedy: 'There is local.',
        },
      );
    }
    refusing(() => checkVolumeOptions(options));
    const named = name ? refusing(() => checkVolumeName(name)) : undefined;
    const wanted = named ?? this.volumes.newName();
    const isNew = !this.volumes.find(wanted);
    const volume = this.volumes.create({ name: wanted, labels, options, anonymous: named === undefined });
    if (isNew) tellVolume(this.containers, 'create', wanted);
    return infoOf(volume);
  }

  /** Those that fit, by name. */
  async list(filters: VolumeFilters = {}): Promise<VolumeInfo[]> {
    const { dangling, driver, name } = filters;
    const patterns = name?.map(toPattern);
    const usersOf = volumeUsers(this.containers);
    return this.volumes
      .list()
      .filter(() => driver?.includes('local') ?? true)
      .filter(volume => patterns?.some(pattern => pattern.test(volume.name)) ?? true)
      .filter(volume => fitsVolumeLabels(volume, filters))
      .filter(volume => dangling === undefined || (usersOf(volume.name).length === 0) === dangling)
      .map(infoOf);
  }

  /** @throws SkiffError VOLUME_NOT_FOUND */
  async inspect(name: string): Promise<VolumeInfo> {
    return infoOf(this.volumes.get(name));
  }

  /**
   * Remove a volume with what it holds.
   *
   * @param options.force one that is not there is no error
   * @throws SkiffError VOLUME_NOT_FOUND, VOLUME_IN_USE
   */
  async remove(name: string, { force = false } = {}): Promise<void> {
    try {
      await this.volumes.remove(name, volumeUsers(this.containers));
    } catch (error) {
      if (force && errorCode(error) === 'VOLUME_NOT_FOUND') return;
      throw error;
    }
    tellVolume(this.containers, 'destroy', name);
  }

  /** How much of the disk each has. What stands for a volume on the host is not counted. */
  async usage(): Promise<VolumeUsage[]> {
    const usersOf = volumeUsers(this.containers);
    const usages: VolumeUsage[] = [];
    for (const { name, mountpoint, options } of this.volumes.list()) {
      const size = options.device === undefined ? await treeSize(mountpoint) : 0;
      usages.push({ name, size, containers: usersOf(name).length });
    }
    return usages;
  }

  /**
   * Remove the anonymous volumes that no container names.
   *
   * @param options.all those with a name, too
   */
  async prune({ all = false, ...filters }: VolumeFilters & { all?: boolean } = {}): Promise<Pruned> {
    const unused = await this.list({ ...filters, dangling: true });
    const result: Pruned = { names: [], reclaimed: 0, errors: [] };
    for (const { name, mountpoint, options } of unused.filter(({ anonymous }) => all || anonymous)) {
      // What stands for the volume on the host stays.
      const bytes = options.device === undefined ? await treeSize(mountpoint) : 0;
      try {
        await this.remove(name);
        result.names.push(name);
        result.reclaimed += bytes;
      } catch (error) {
        // Somebody has removed it, or has begun to use it, in between.
        if (!['VOLUME_NOT_FOUND', 'VOLUME_IN_USE'].includes(errorCode(error) ?? ''))
          result.errors.push(error);
      }
    }
    tellVolume(this.containers, 'prune', '', { reclaimed: String(result.reclaimed) });
    return result;
  }
}

/** Of a command about volumes it is an error like any other: exit code 1. */
function refusing<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!SkiffError.is(error)) throw error;
    const { path, remedy } = error;
    throw invalidArgument(errorMessage(error), { path, remedy, exitCode: 1 });
  }
}

/** Docker's label of a volume that nobody named. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

function infoOf(volume: Volume): VolumeInfo {
  const labels = volume.anonymous ? { [ANONYMOUS_LABEL]: '', ...volume.labels } : volume.labels;
  return { ...volume, labels, driver: 'local', scope: 'local' };
}

function fitsVolumeLabels(volume: Volume, { label = [], withoutLabel = [] }: VolumeFilters): boolean {
  const { labels } = infoOf(volume);
  return fitsLabels(labels, label) && !withoutLabel.some(unwanted => fitsLabels(labels, [unwanted]));
}

/** What is no regular expression is looked for as it stands. */
function toPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  }
}
