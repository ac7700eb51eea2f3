import fs from 'node:fs';
import path from 'node:path';
import { native, type NativeTreeOptions, type NativeViewBind, type NativeWorkspace } from '../native';
import type { Descriptors } from './descriptors';
import { explain, workspaceError } from '../layers/errors';
import { removeLeftovers, temporaryName } from '../layers/owner';
import { layersDirectory } from '../layers/paths';
import { ensureWriteLayer } from './container';
import { containerPaths } from './paths';
import { storageDrivers } from './select';
import type { StorageDriver } from './types';

/** A container's file system, as its record tells it. */
export interface ContainerFiles {
  /** skiff's root directory. */
  root: string;
  /** Name of the storage driver. */
  driver: string;
  /** Read-only layers, topmost first. */
  layers: string[];
  /** `<root>/containers/<id>` */
  containerDir: string;
  /** While it runs, its mount point shows other ids than those on disk. */
  isShifted?: boolean;
}

/**
 * The whole file system of a container without what else is mounted in it: the one that is mounted while it runs, else
 * one of our own that nobody sees.
 *
 * @param held owns the descriptor
 * @returns O_PATH descriptor of its root directory
 */
export async function openFiles(files: ContainerFiles, held: Descriptors): Promise<number> {
  const { containerDir } = files;
  const { writeLayer, mountPoint } = containerPaths(containerDir);
  const { copies } = driverOf(files);
  return explain('container file system', containerDir, async () => {
    if (copies) return openDirectory(writeLayer, held);
    if (!files.isShifted && isMountPoint(mountPoint)) return openDirectory(mountPoint, held);
    return held.hold(await native().openView(viewOf(files, { writable: false })));
  });
}

/**
 * The file system of a container that does not run, with what would be mounted in it.
 *
 * @param held owns the descriptor
 * @param options.writable it is going to be changed
 * @param options.binds directories and files of the host
 * @returns O_PATH descriptor of its root directory
 */
export async function openStopped(
  files: ContainerFiles,
  held: Descriptors,
  { writable, binds }: { writable: boolean; binds: NativeViewBind[] },
): Promise<number> {
  const { containerDir } = files;
  const { mountPoint } = containerPaths(containerDir);
  return explain('container file system', containerDir, async () => {
    // Between two runs of its command.
    if (isMountPoint(mountPoint)) return openDirectory(mountPoint, held);
    return held.hold(await native().openView({ ...viewOf(files, { writable }), binds }));
  });
}

/** A container that never ran has nothing to be looked at, or written into, yet. The caller has its lock. */
export async function completeFiles(files: ContainerFiles): Promise<void> {
  await ensureWriteLayer({ ...files, driver: driverOf(files) });
}

/** Without a write layer of its own it is read-only: the container's is the topmost layer then. */
function viewOf(files: ContainerFiles, { writable }: { writable: boolean }): NativeWorkspace {
  const { containerDir, layers } = files;
  const driver = driverOf(files);
  const plan = { ...driver.plan({ layers, containerDir }), mountPoint: containerDir };
  if (writable || driver.copies) return plan;
  return { ...plan, writeLayer: '', work: '', layers: [plan.writeLayer, ...layers] };
}

/** What a walk compares in order to find a container's changes. */
export async function comparison(
  files: ContainerFiles,
  held: Descriptors,
): Promise<Pick<NativeTreeOptions, 'top' | 'old' | 'hint' | 'hintKind'>> {
  const { marks } = driverOf(files);
  const [top, old] = [await openFiles(files, held), await openLayers(files, held)];
  const { writeLayer } = containerPaths(files.containerDir);
  // A write layer that has a size is nowhere to be seen.
  if (marks === undefined || !fs.existsSync(writeLayer)) return { top, old };
  const hint = await openDirectory(writeLayer, held);
  return { top, old, hint, hintKind: marks };
}

/** The layers, as one directory. */
async function openLayers(files: ContainerFiles, held: Descriptors): Promise<number> {
  const { layers, containerDir } = files;
  const [first] = layers;
  const driver = driverOf(files);
  return explain('read-only layers', containerDir, async () => {
    if (layers.length === 1 && first !== undefined) return openDirectory(first, held);
    if (driver.copies) return openCopy(files, held);
    const plan = driver.plan({ layers, containerDir });
    return held.hold(
      await native().openView({ ...plan, writeLayer: '', work: '', mountPoint: containerDir }),
    );
  });
}

/** Where nothing makes a union, several layers are put together in a directory of ours, and removed while it is open. */
async function openCopy({ root, layers }: ContainerFiles, held: Descriptors): Promise<number> {
  const parent = layersDirectory(root);
  await fs.promises.mkdir(parent, { recursive: true, mode: 0o700 });
  await removeLeftovers(parent);
  const copy = temporaryName(parent);
  held.onClose(() => native().removeTrees({ paths: [copy] }));
  await native().makeWriteLayer({ kind: 'copy', layers, writeLayer: copy, mountPoint: copy, skip: [] });
  return openDirectory(copy, held);
}

/** @returns an O_PATH descriptor */
async function openDirectory(directory: string, held: Descriptors): Promise<number> {
  const found = await native().lookUp({ path: directory, follow: true });
  if (found === null)
    throw workspaceError('open', directory, 'no such file or directory', { code: 'ENOENT' });
  return held.hold(found.fd);
}

function driverOf({ driver, layers, containerDir }: ContainerFiles): StorageDriver {
  const known = storageDrivers().find(({ name }) => name === driver);
  if (known === undefined || layers.length === 0)
    throw workspaceError(
      'container file system',
      containerDir,
      'its record does not tell what it is made of',
      {
        code: 'NO_LAYERS',
      },
    );
  return known;
}

function isMountPoint(directory: string): boolean {
  const stat = fs.statSync(directory, { throwIfNoEntry: false });
  return stat !== undefined && stat.dev !== fs.statSync(path.dirname(directory)).dev;
}
