import type { ProcessIdentity } from '../common/identity';

/** Version of the record's format. A record of a later one is told and left alone. */
export const RECORD_VERSION = 1;

/** `starting`: being made; `running`; `exited`: only its write layer is kept. */
export type ContainerStatus = 'starting' | 'running' | 'exited';

/** What is known of a container, in `containers/<id>/state.json`. */
export interface ContainerRecord {
  version: typeof RECORD_VERSION;
  id: string;
  name: string;
  status: ContainerStatus;
  /** The process that started it and will remove it. */
  owner: ProcessIdentity;
  /** Milliseconds since the epoch. */
  created: number;
  image: string;
  command: string[];
  driver: string;
  /** The container's init, as the host sees it; once there is one. */
  init?: ProcessIdentity;
  /** Absolute directories of its cgroup, which may not all exist. */
  cgroupPaths?: string[];
  exitCode?: number;
}
