import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorCode, errorMessage } from '../common/errors';
import { native } from '../native';
import { PROBE_MOUNT, temporaryName } from '../layers/owner';
import type { DriverCheck, StorageDriver, StorageDriverName } from './types';

/** Try a driver out below `directory`; nothing is left there. */
export async function probe(driver: StorageDriver, directory = os.tmpdir()): Promise<DriverCheck> {
  let trial: string | undefined;
  try {
    trial = temporaryName(directory, 'probe');
    await tryOut(driver, trial);
    return { usable: true };
  } catch (error) {
    return { usable: false, reason: reasonOf(driver.name, directory, error) };
  } finally {
    if (trial !== undefined) await removeTrial(trial);
  }
}

async function removeTrial(trial: string): Promise<void> {
  try {
    await native().unmount({ target: path.join(trial, PROBE_MOUNT) });
  } catch (error) {
    // Who may not unmount could not mount either.
    if (errorCode(error) !== 'EPERM') throw error;
  }
  await native().removeTrees({ paths: [trial] });
}

async function tryOut(driver: StorageDriver, trial: string): Promise<void> {
  const layer = path.join(trial, 'layer');
  const containerDir = path.join(trial, path.dirname(PROBE_MOUNT));
  const mountPoint = path.join(trial, PROBE_MOUNT);
  const file = 'file';
  fs.mkdirSync(layer, { recursive: true });
  fs.mkdirSync(mountPoint, { recursive: true });
  fs.writeFileSync(path.join(layer, file), 'layer');
  const plan = driver.plan({ layers: [layer], containerDir });
  await native().makeWriteLayer(plan);
  await native().makeMountPoint(plan);
  // A file system can take the mount and then fail to keep what was deleted.
  fs.unlinkSync(path.join(mountPoint, file));
  if (fs.existsSync(path.join(mountPoint, file))) throw new Error('a deleted file is still there');
  if (!fs.existsSync(path.join(layer, file))) throw new Error('the read-only layer was changed');
}

function reasonOf(name: StorageDriverName, directory: string, error: unknown): string {
  switch (errorCode(error)) {
    case 'ENODEV':
      return missingFromKernel(name);
    case 'EPERM':
      return 'mounting is not permitted here: CAP_SYS_ADMIN is missing, or a security policy forbids it';
    case 'EINVAL':
      return `the file system of ${directory} (${fileSystemOf(directory)}) can not hold a write layer of ${name}`;
    default:
      return errorMessage(error);
  }
}

/** ENODEV of mount(2): the kernel does not have the file system type, nor a module of it. */
function missingFromKernel(name: StorageDriverName): string {
  const types = fs
    .readFileSync('/proc/filesystems', 'utf8')
    .split('\n')
    .map(line => line.split('\t')[1]);
  const others = ['aufs', 'overlay'].filter(type => type !== name && types.includes(type));
  const has = others.length === 0 ? 'neither aufs nor overlay' : `${others.join(', ')}, no ${name}`;
  return `the kernel has ${has} (not in /proc/filesystems)`;
}

/** Names of the magic numbers of statfs(2) that are met most. */
const FILE_SYSTEMS: Record<number, string> = {
  0x794c7630: 'overlay',
  0xef53: 'ext4',
  0x9123683e: 'btrfs',
  0x58465342: 'xfs',
  0x01021994: 'tmpfs',
  0x6969: 'nfs',
  0x61756673: 'aufs',
  0x65735546: 'fuse',
  0x2fc12fc1: 'zfs',
};

function fileSystemOf(directory: string): string {
  const type = fs.statfsSync(directory).type;
  return FILE_SYSTEMS[type] ?? `type 0x${type.toString(16)}`;
}
