import { SkiffError } from '../common/errors';
import type { IdRange } from '../common/id-range';
import type { ContainerRecord, RecordedMount } from '../state';

/** What is known of a container, whoever started it. */
export interface ContainerInfo {
  /** 64 hexadecimal digits. */
  id: string;
  /** The user's, or the short id. */
  name: string;
  /** As the user named it. */
  image: string;
  /** `sha256:` and 64 digits, where it is a stored image. */
  imageId?: string;
  /** Program and arguments, the image's entrypoint before them. */
  command: string[];
  /** `dead`: its record cannot be read, or was written by a later skiff. */
  status: ContainerRecord['status'] | 'dead';
  /** Milliseconds since the epoch. */
  created: number;
  /** When it was started last, in ms since the epoch; undefined where it never was. */
  startedAt?: number;
  /** When its command ended last, in ms since the epoch; undefined while it runs. */
  finishedAt?: number;
  /** Host's pid of its init, while it runs. */
  pid?: number;
  /** Of its last end, 0 to 255; 128+n where signal n ended it. */
  exitCode?: number;
  /** The memory limit ended one of its processes, in its last run. */
  oomKilled: boolean;
  /** What kept it from starting, or ended it from outside. */
  error?: string;
  /** How often its restart policy has started it again. */
  restartCount: number;
  /** It outlives the process that started it. */
  detached: boolean;
  labels: Record<string, string>;
  /** Binds, volumes and tmpfs mounts that were asked for. */
  mounts: RecordedMount[];
  /** Of storage: `overlay`. */
  driver: string;
  /** Read-only layers, topmost first. */
  layers: string[];
  /** `<root>/containers/<id>` */
  directory: string;
  /** On the host, one of each hierarchy that it has limits in. */
  cgroupPaths: string[];
  /** Of its user namespace, where it has one of its own. */
  ids?: IdRange;
  /** What it was created with, as JSON has it. */
  options: Record<string, unknown>;
}

/** A record as the API tells it. */
export function containerInfo(record: ContainerRecord, directory: string): ContainerInfo {
  const { id, name, image, imageId, command, created, driver, state } = record;
  const status = state?.status ?? record.status;
  const init = state ? state.init : record.init;
  return {
    id,
    name,
    image,
    imageId,
    command,
    status,
    created,
    startedAt: state?.startedAt ?? (record.init && created),
    finishedAt: state?.finishedAt,
    pid: init?.pid,
    exitCode: state?.exitCode ?? record.exitCode,
    oomKilled: state?.oomKilled ?? false,
    error: state?.error,
    restartCount: state?.restartCount ?? 0,
    detached: record.detached ?? false,
    labels: record.labels ?? {},
    mounts: record.mounts ?? [],
    driver,
    layers: record.layers ?? [],
    directory,
    cgroupPaths: record.cgroupPaths ?? [],
    ids: record.ids,
    options: record.options ?? {},
  };
}

/** What is told of a container whose record cannot be read. */
export function deadContainer(id: string, directory: string, reason: string): ContainerInfo {
  return {
    id,
    name: id.slice(0, 12),
    image: '',
    command: [],
    status: 'dead',
    created: 0,
    oomKilled: false,
    error: reason,
    restartCount: 0,
    detached: true,
    labels: {},
    mounts: [],
    driver: '',
    layers: [],
    directory,
    cgroupPaths: [],
    options: {},
  };
}

/** @throws SkiffError CONTAINER_DEAD where its record is not one to be read */
export function requireReadable(info: ContainerInfo): void {
  if (info.status !== 'dead') return;
  throw new SkiffError(`container ${info.name}: ${info.error ?? 'its record cannot be read'}`, {
    code: 'CONTAINER_DEAD',
    path: info.id,
    exitCode: 1,
    remedy: `Remove it: skiff rm -f ${info.name}.`,
  });
}
