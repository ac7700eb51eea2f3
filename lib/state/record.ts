import type { IdRange } from '../common/id-range';
import type { ProcessIdentity } from '../common/identity';

/** Version of the record's format. A record of a later one is told and left alone. */
export const RECORD_VERSION = 1;

export const CONTAINER_STATUSES = [
  'created',
  'starting',
  'running',
  'paused',
  'restarting',
  'exited',
] as const;

/**
 * `starting`: being made; `created`: ready for its first start; `restarting`: between two runs of its command; `exited`:
 * what it wrote is kept, nothing of it runs.
 */
export type ContainerStatus = (typeof CONTAINER_STATUSES)[number];

/** What changes in a container's life. Of a detached container its monitor writes it, and nobody else while that lives. */
export interface ContainerState {
  status: ContainerStatus;
  /** The monitor, while it lives. */
  monitor?: ProcessIdentity;
  /** The container's init, as the host sees it, while there is one. */
  init?: ProcessIdentity;
  /** Milliseconds since the epoch; of the last run. */
  startedAt?: number;
  finishedAt?: number;
  /** Of the last run: 128+n where signal n ended it. */
  exitCode?: number;
  oomKilled?: boolean;
  /** What kept it from starting, or ended it from outside. */
  error?: string;
  /** Restarts by its policy since it was started by hand. */
  restartCount?: number;
  /** Lines of the log that could not be written, and why. */
  logLinesLost?: number;
}

/** Something of the host's, or of skiff's own, that is mounted in a container. */
export interface RecordedMount {
  type: 'bind' | 'volume' | 'tmpfs';
  /** Of a volume. */
  name?: string;
  /** Path on the host; '' for a tmpfs. */
  source: string;
  destination: string;
  readOnly: boolean;
  /** The volume was made for this container and has no name of the user's. */
  anonymous?: boolean;
  /** It has the ids of the container, which are shifted as the image's are. */
  idmap?: boolean;
  /** Path in the volume, where not all of it is mounted. */
  subpath?: string;
  /** `rprivate` where not given. */
  propagation?: string;
}

/** What is known of a container, in `containers/<id>/state.json`. */
export interface ContainerRecord {
  version: typeof RECORD_VERSION;
  id: string;
  name: string;
  status: ContainerStatus;
  /** The process that started it and will remove it; of a detached container, the one that made it. */
  owner: ProcessIdentity;
  /** Milliseconds since the epoch. */
  created: number;
  /** As the user named it. */
  image: string;
  /** `sha256:` and 64 digits, where it is a stored image. */
  imageId?: string;
  command: string[];
  driver: string;
  /** The container's init, as the host sees it; once there is one. */
  init?: ProcessIdentity;
  /** Absolute directories of its cgroup, which may not all exist. */
  cgroupPaths?: string[];
  exitCode?: number;
  /** It has a monitor and stays until it is removed. */
  detached?: boolean;
  /** Read-only layers, topmost first. */
  layers?: string[];
  labels?: Record<string, string>;
  /** Of its user namespace, where it has one of its own. */
  ids?: IdRange;
  mounts?: RecordedMount[];
  /**
   * What further commands in it are started with: an OCI process without its command as JSON, `lib/spec/exec.ts`. Of a
   * detached container it is in a file of its own, see `ContainerStore.processOf`.
   */
  process?: string;
  /** What it was created with: the engine's CreateOptions, as JSON. */
  options?: Record<string, unknown>;
  /** Its entries win over those above of the same name. */
  state?: ContainerState;
  /** Of one that is started: pid and start time of its init (proc_pid_stat(5)), once there is one; spaces until then. */
  started?: string;
}
