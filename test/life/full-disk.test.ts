/** A full disk in the middle of the commands that write much: they tell which path is full, and leave nothing half. */
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describeTree } from '../workspace/support';
import { run, type Ran } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { imagesLeft, skiff } from '../image/support';

const MEBIBYTE = 1 << 20;
const place = tempDirectory();
const large = path.join(place.path, 'large');
const saved = path.join(place.path, 'saved.tar');
let root: string;

beforeAll(async () => {
  // Bytes that no hole can stand for.
  fs.writeFileSync(large, crypto.randomBytes(12 * MEBIBYTE));
  const origin = tempRoot();
  const tar = execFileSync('tar', ['-C', place.path, '-c', 'large'], { maxBuffer: 16 * MEBIBYTE });
  fs.writeFileSync(path.join(place.path, 'rootfs.tar'), tar);
  await skiff(origin, 'import', path.join(place.path, 'rootfs.tar'), 'large');
  await skiff(origin, 'save', '-o', saved, 'large');
});
afterAll(() => place.remove());

beforeEach(async () => {
  root = tempRoot();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'skiff-full', root]);
  await skiff(root, 'create', '--name', 'kept', 'echo', 'kept');
});
afterEach(async () => {
  await run(['rm', '-f', 'kept'], { root });
  execFileSync('umount', [root]);
});

/** Fills the root's file system but for so many bytes. */
function leaveFree(bytes: number): void {
  const { bavail, bsize } = fs.statfsSync(root);
  fs.writeFileSync(path.join(root, 'ballast'), Buffer.alloc(bavail * bsize - bytes, 1));
}

function expectFull({ code, stdout, stderr }: Ran, message: RegExp, where: string): void {
  expect({ code, stdout: stdout.toString() }).toEqual({ code: expect.any(Number), stdout: '' });
  expect(code).not.toBe(0);
  const [first, remedy, ...more] = stderr.trimEnd().split('\n');
  expect(first).toMatch(message);
  expect(first).toMatch(/no space left on device/i);
  expect(remedy).toMatch(/^Free /);
  expect(stderr).toContain(where);
  expect(more).toEqual([]);
}

/** What was acknowledged is there, and works once there is room. */
async function expectWhole(): Promise<void> {
  fs.rmSync(path.join(root, 'ballast'), { force: true });
  expect(await skiff(root, 'images', '--format', '{{.Repository}}')).toBe('busybox');
  expect(await skiff(root, 'volume', 'ls', '-q')).toBe('');
  expect(await skiff(root, 'ps', '-a', '--format', '{{.Names}}')).toBe('kept');
  expect(await skiff(root, 'start', '-a', 'kept')).toBe('kept');
}

test.each(['-i FILE', 'a pipe'])('load, of %s', async way => {
  const before = imagesLeft(root);
  const isFile = way === '-i FILE';
  const ran = await run(['load', '-q', ...(isFile ? ['-i', saved] : [])], {
    root,
    input: isFile ? undefined : fs.readFileSync(saved),
  });
  expectFull(ran, isFile ? /^skiff: unpack: .*saved\.tar: / : /^skiff: load image: -: /, `${root}/images`);
  expect(imagesLeft(root)).toEqual(before);
  await expectWhole();
});

test('commit', async () => {
  const before = imagesLeft(root);
  const half = path.join(place.path, 'half');
  fs.writeFileSync(half, fs.readFileSync(large).subarray(0, 4 * MEBIBYTE));
  await skiff(root, 'cp', '-q', half, 'kept:/half');
  leaveFree(MEBIBYTE);
  expectFull(
    await run(['commit', 'kept', 'half'], { root }),
    /^skiff: unpack: layer of kept: /,
    `${root}/images`,
  );
  expect(imagesLeft(root)).toEqual(before);
  await expectWhole();
  expect((await run(['cp', 'kept:/half', '-'], { root })).stdout.length).toBeGreaterThan(4 * MEBIBYTE);
});

test.each(['a file', 'an archive'])('cp into a container, of %s', async what => {
  const ran =
    what === 'a file'
      ? await run(['cp', large, 'kept:/tmp'], { root })
      : await run(['cp', '-', 'kept:/tmp'], { root, input: fs.readFileSync(`${place.path}/rootfs.tar`) });
  expectFull(ran, /^skiff: copy to kept: write: large: /, 'kept:/tmp');
  const { code, stderr } = await run(['cp', 'kept:/tmp/large', '-'], { root });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'skiff: could not find the file /tmp/large in container kept\n',
  });
  await expectWhole();
});

test('cp out of a container', async () => {
  const half = path.join(place.path, 'half');
  fs.writeFileSync(half, fs.readFileSync(large).subarray(0, 4 * MEBIBYTE));
  await skiff(root, 'cp', '-q', half, 'kept:/half');
  const small = path.join(place.path, 'small');
  fs.mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'skiff-small', small]);
  try {
    const before = describeTree(small).map(line => line.split(' ')[0]);
    const ran = await run(['cp', 'kept:/half', small], { root });
    expectFull(ran, new RegExp(`^skiff: copy to ${small}: write: half: `), small);
    expect(describeTree(small).map(line => line.split(' ')[0])).toEqual(before);
  } finally {
    execFileSync('umount', [small]);
  }
  await expectWhole();
});

test('a volume that is filled with what the image has', async () => {
  leaveFree(MEBIBYTE);
  const ran = await run(['run', '--rm', '-v', 'data:/bin', 'busybox', 'true'], { root });
  expectFull(ran, /copy-up/, `${root}/volumes`);
  expect(fs.readdirSync(path.join(root, 'volumes', 'data', '_data'))).toEqual([]);
  // The volume itself was made, empty: the next start fills it.
  await skiff(root, 'volume', 'rm', 'data');
  await expectWhole();
});
