import { findProgram } from '../programs';
import type { Feature, Row } from '../row';

/** What the peers are run with. */
export interface PeerOptions {
  /** Read-only layer with /bin/true. */
  layer: string;
  /** Directory for all that they make. */
  directory: string;
}

/** Something else that starts what skiff starts. */
export interface Peer {
  name: string;
  /** @returns where it is; undefined where this machine does not have it */
  find(): string | undefined;
  /** Why it was not found. */
  absent: string;
  /**
   * Make its row, and try that it works.
   *
   * @param program what `find` gave
   * @throws SkiffError with what it says where it does not work here; nothing of it is left then
   */
  make(program: string, options: PeerOptions): Promise<Row>;
}

/** A peer that is a program on PATH. */
export function programPeer(name: string, make: Peer['make']): Peer {
  return { name, find: () => findProgram(name), absent: 'not found on PATH', make };
}

export const NAMESPACES: readonly Feature[] = ['pid, mount, uts, ipc namespaces', 'network namespace'];

/** What a container engine or an OCI runtime does, but for the write layer. */
export const CONTAINER: readonly Feature[] = [
  ...NAMESPACES,
  'own root',
  'own /proc, /sys, /dev',
  'memory limit',
  'capabilities dropped',
  'all removed at the end',
];
