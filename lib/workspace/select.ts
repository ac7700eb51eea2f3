import fs from 'node:fs';
import path from 'node:path';
import { debugLog } from '../common/debug';
import { invalidArgument, SkiffError } from '../common/errors';
import { bootId } from '../common/identity';
import { unlessGone } from '../common/unless-gone';
import { AufsDriver } from './drivers/aufs';
import { FuseOverlayfsDriver } from './drivers/fuse-overlayfs';
import { OverlayDriver } from './drivers/overlay';
import { VfsDriver } from './drivers/vfs';
import { explain } from '../layers/errors';
import { removeLeftovers } from '../layers/owner';
import { checkPathLength } from '../layers/paths';
import { replaceLink } from '../layers/tar-index';
import { DRIVER_NAMES, type StorageDriver } from './types';

/** All drivers, in the order in which `auto` tries them. */
export function storageDrivers(): StorageDriver[] {
  return [new AufsDriver(), new OverlayDriver(), new FuseOverlayfsDriver(), new VfsDriver()];
}

/**
 * The driver to use below `root`. Which one works is tried once for each boot and root, then remembered there.
 *
 * @param options.name a driver's name; `auto` or nothing: the first of {@link DRIVER_NAMES} that works
 * @param options.layers the container's layers, where some driver might not be able to take them
 * @throws SkiffError INVALID_ARGUMENT for an unknown name, NO_STORAGE_DRIVER where it can not work here
 */
export async function selectDriver(options: {
  root: string;
  name?: string;
  layers?: string[];
}): Promise<StorageDriver> {
  const { root, name = 'auto', layers = [] } = options;
  const asked = driversNamed(name);
  const candidates = asked.filter(driver => driver.refuses({ layers, root }) === undefined);
  if (candidates.length === 0)
    throw unusable(
      name,
      asked.map(driver => driver.refuses({ layers, root }) ?? ''),
    );
  return explain('storage driver', root, async () => {
    checkPathLength(root);
    const record = path.join(root, 'drivers', candidates.map(driver => driver.name).join('-'));
    const key = `${bootId()}.${deviceOf(root)}`;
    const known = remembered(record, key);
    return (
      candidates.find(driver => driver.name === known) ?? tryAll(candidates, { name, root, record, key })
    );
  });
}

function driversNamed(name: string): StorageDriver[] {
  const drivers = storageDrivers();
  if (name === 'auto') return drivers;
  const named = drivers.filter(driver => driver.name === name);
  if (named.length === 0)
    throw invalidArgument(`storage driver: ${name}: unknown; known are auto, ${DRIVER_NAMES.join(', ')}`);
  return named;
}

interface Trial {
  name: string;
  root: string;
  record: string;
  key: string;
}

async function tryAll(
  candidates: StorageDriver[],
  { name, root, record, key }: Trial,
): Promise<StorageDriver> {
  const directory = path.dirname(record);
  await fs.promises.mkdir(directory, { recursive: true, mode: 0o700 });
  await removeLeftovers(directory);
  const reasons: string[] = [];
  for (const driver of candidates) {
    const { usable, reason = '' } = await driver.check(directory);
    debugLog('workspace')('driver %s in %s: %s', driver.name, root, usable ? 'usable' : reason);
    if (usable) {
      await replaceLink(record, `${driver.name}.${key}`);
      return driver;
    }
    reasons.push(candidates.length > 1 ? `${driver.name}: ${reason}` : reason);
  }
  throw unusable(name, reasons);
}

function unusable(name: string, reasons: string[]): SkiffError {
  const remedy =
    name === 'auto'
      ? 'skiff doctor tells what each driver needs.'
      : 'Leave the choice to skiff (--storage-driver auto); skiff doctor tells what each driver needs.';
  return new SkiffError(`storage driver: ${name}: ${reasons.join('; ')}`, {
    code: 'NO_STORAGE_DRIVER',
    path: name,
    step: 'workspace',
    remedy,
  });
}

/** The device of `root`, or of what it is going to be made in. */
function deviceOf(root: string): string {
  const stat = fs.statSync(root, { throwIfNoEntry: false });
  return stat === undefined ? deviceOf(path.dirname(path.resolve(root))) : stat.dev.toString(36);
}

/** The name in a record of this boot and device; undefined where there is none. */
function remembered(record: string, key: string): string | undefined {
  const target = unlessGone(() => fs.readlinkSync(record));
  return target?.endsWith(`.${key}`) ? target.slice(0, -key.length - 1) : undefined;
}
