import type { CompiledSpec } from '../spec/compiled';
import type { StorageDriver } from '../workspace';
import type { ContainerAhead } from './ahead/container-ahead';
import type { PlannedIds } from './ids';
import type { PlannedMounts } from './volumes';

/** What one start is made of. */
export interface StartPlan {
  id: string;
  name: string;
  /** Others may not have the name meanwhile. */
  claimName: boolean;
  /** What the record calls the image. */
  image: string;
  /** `sha256:` and 64 digits, where it is a stored image: its record then tells the layers, too. */
  imageId?: string;
  /** Of its user namespace, where it has one of its own. */
  ids?: PlannedIds;
  /** Namespaces, directory with layers, and cgroups that are there already, with the container's id. */
  ahead?: ContainerAhead;
  /** Another one may have use for its directory. */
  isCommon: boolean;
  /** Read-only layers, topmost first. */
  layers: string[];
  driver: StorageDriver;
  /** Bytes that the write layer can have. */
  storageSize?: number;
  /** The write layer stays after the end. */
  keep: boolean;
  /** Its plans carry the fault, where a test injects one. */
  spec: CompiledSpec;
  /** Undefined where it has neither binds nor volumes. */
  mounts?: PlannedMounts;
  /** Count memory even where it is not limited. */
  usage: boolean;
  /** Count the CPU time of all its processes. */
  cpuTime: boolean;
  /**
   * Descriptors for the command's stdin, stdout and stderr, -1 for /dev/null; none where it has a terminal. `parked`: the command comes
   * later, by `goParked`.
   */
  stdio: number[] | 'parked';
  /** Whoever waits for the command's end need not wait for its beginning: `commandBeginning` tells what kept it. */
  awaitCommand: boolean;
}
