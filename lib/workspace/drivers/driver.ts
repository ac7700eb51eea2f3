import type { NativeWorkspace } from '../../native';
import { probe } from '../probe';
import type { DriverCheck, MountOptions, StorageDriver, StorageDriverName } from '../types';

/** What drivers do alike where they have no reason to do otherwise. */
export abstract class Driver implements StorageDriver {
  abstract readonly name: StorageDriverName;
  readonly copies: boolean = false;
  readonly canPrepare: boolean = false;

  check(directory?: string): Promise<DriverCheck> {
    return probe(this, directory);
  }

  refuses(_options: { layers: string[]; root: string }): string | undefined {
    return undefined;
  }

  abstract plan(options: MountOptions): NativeWorkspace;
}
