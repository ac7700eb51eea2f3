import fs from 'node:fs';
import path from 'node:path';
import {
  createMountPoint,
  createWriteLayer,
  deleteMountPoint,
  selectDriver,
  storageDrivers,
} from '../../lib/workspace';
import { AufsDriver } from '../../lib/workspace/drivers/aufs';
import { FuseOverlayfsDriver } from '../../lib/workspace/drivers/fuse-overlayfs';
import { OverlayDriver } from '../../lib/workspace/drivers/overlay';
import { itAsRoot, NO_HOST_ROOT } from '../helpers/user-mode';
import { mountsBelow, TestDirectories } from './support';

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

let root: string;
beforeEach(() => {
  root = path.join(directories.make(), 'root');
});

const types = fs.readFileSync('/proc/filesystems', 'utf8');
const withoutAufs = /\taufs$/m.test(types) ? test.skip : test;

test('an unknown name is an error that lists the known ones', async () => {
  await expect(selectDriver({ root, name: 'btrfs' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'storage driver: btrfs: unknown; known are auto, aufs, overlay, fuse-overlayfs, vfs',
  });
  expect(fs.existsSync(root)).toBe(false);
});

withoutAufs('a driver that the kernel has not is an error that says what it has', async () => {
  const others = /\toverlay$/m.test(types) ? 'overlay, no aufs' : 'neither aufs nor overlay';
  await expect(selectDriver({ root, name: 'aufs' })).rejects.toMatchObject({
    code: 'NO_STORAGE_DRIVER',
    message: `storage driver: aufs: the kernel has ${others} (not in /proc/filesystems)`,
  });
});

test('auto takes the first that works, and nothing of the trial is left', async () => {
  const first = (
    await Promise.all(storageDrivers().map(async driver => ({ driver, ...(await driver.check()) })))
  ).find(({ usable }) => usable);
  expect((await selectDriver({ root })).name).toBe(first?.driver.name);
  expect(fs.readdirSync(path.join(root, 'drivers'))).toEqual(['aufs-overlay-fuse-overlayfs-vfs']);
  expect(mountsBelow(root)).toEqual([]);
});

test('the choice is remembered, for this boot and this device only', async () => {
  const record = path.join(root, 'drivers', 'aufs-overlay-fuse-overlayfs-vfs');
  await selectDriver({ root });
  const [, ...key] = fs.readlinkSync(record).split('.');
  fs.rmSync(record);
  fs.symlinkSync(['vfs', ...key].join('.'), record);
  expect((await selectDriver({ root })).name).toBe('vfs');
  fs.rmSync(record);
  fs.symlinkSync('vfs.another-boot.1', record);
  expect((await selectDriver({ root })).name).not.toBe('vfs');
});

test('where write layers can not be on the file system, overlay says so and auto takes what is left', async () => {
  const containerDir = path.join(root, 'outer');
  fs.mkdirSync(containerDir, { recursive: true });
  const layer = path.join(root, 'layer');
  fs.mkdirSync(layer);
  const driver = new OverlayDriver();
  await createWriteLayer({ driver, layers: [layer], containerDir });
  const mnt = await createMountPoint({ driver, layers: [layer], containerDir });
  const check = await driver.check(mnt);
  expect(check.usable).toBe(false);
  expect(check.reason).toContain(`the file system of ${mnt} (overlay) can not hold a write layer of overlay`);
  expect(fs.readdirSync(mnt)).toEqual([]);
  const inner = await selectDriver({ root: path.join(mnt, 'root') });
  const fuse = await new FuseOverlayfsDriver().check(mnt);
  expect(inner.name).toBe(fuse.usable ? 'fuse-overlayfs' : 'vfs');
  await deleteMountPoint({ containerDir });
});

const itWithHostRoot = itAsRoot(NO_HOST_ROOT);

test('aufs is not taken for a layer that the root directory is in', async () => {
  expect(new AufsDriver().refuses({ layers: ['/'], root })).toContain('the layer /');
  expect(new AufsDriver().refuses({ layers: [path.dirname(root)], root })).toContain(path.dirname(root));
  expect(
    new AufsDriver().refuses({ layers: [`${root}-other`, path.join(root, 'images')], root }),
  ).toBeUndefined();
  expect((await selectDriver({ root, layers: ['/'] })).name).not.toBe('aufs');
  await expect(selectDriver({ root, name: 'aufs', layers: ['/'] })).rejects.toMatchObject({
    code: 'NO_STORAGE_DRIVER',
  });
});

itWithHostRoot('the whole host as a layer: nothing of it changes, other mounts stay out', async () => {
  const marker = path.join(root, 'marker');
  const containerDir = path.join(root, 'containers', 'c');
  fs.mkdirSync(containerDir, { recursive: true });
  fs.writeFileSync(marker, 'host');
  const driver = new OverlayDriver();
  await createWriteLayer({ driver, layers: ['/'], containerDir });
  const mnt = await createMountPoint({ driver, layers: ['/'], containerDir, ephemeral: true });
  fs.writeFileSync(path.join(mnt, 'skiff-test-marker'), 'container');
  // Where the test's directory is on another mount than `/`, it is not in the layer.
  if (fs.existsSync(path.join(mnt, marker))) fs.unlinkSync(path.join(mnt, marker));
  expect(fs.existsSync(path.join(mnt, 'proc/self'))).toBe(false);
  await deleteMountPoint({ containerDir });
  expect(fs.existsSync('/skiff-test-marker')).toBe(false);
  expect(fs.readFileSync(marker, 'utf8')).toBe('host');
  expect(fs.existsSync(path.join(containerDir, 'writeLayer/skiff-test-marker'))).toBe(true);
});

test('a container directory with a path that is too long is told', async () => {
  const containerDir = path.join(root, ...Array<string>(21).fill('d'.repeat(200)));
  await expect(
    createWriteLayer({ driver: new OverlayDriver(), layers: ['/'], containerDir }),
  ).rejects.toMatchObject({
    code: 'ENAMETOOLONG',
    remedy: expect.stringContaining('--root'),
  });
});
