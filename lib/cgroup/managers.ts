import type { CgroupManager } from './manager';
import type { CgroupVersion } from './types';
import { v1Manager } from './v1';
import { v2Manager } from './v2';

const MANAGERS: Record<CgroupVersion, CgroupManager> = { 1: v1Manager, 2: v2Manager };

/** The manager of a hierarchy's version. */
export function managerOf(version: CgroupVersion): CgroupManager {
  return MANAGERS[version];
}
