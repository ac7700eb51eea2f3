import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Skiff } from '../../lib/engine';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { makeTar, type TestEntry } from '../workspace/support';
import { file, imagesLeft } from './support';

let skiff: Skiff;
let root: string;
let place: { path: string; remove(): void };
let archive: string;

beforeEach(async () => {
  root = tempRoot();
  place = tempDirectory();
  archive = path.join(place.path, 'archive.tar');
  skiff = await Skiff.open({ root });
});
afterEach(async () => {
  await skiff.close();
  place.remove();
});

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** What must come of it: the error names the archive, and nothing is left. */
async function refused(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await expect(work).rejects.toMatchObject({
    name: 'SkiffError',
    code,
    message: expect.stringMatching(message),
  });
  await expect(work).rejects.toThrow(archive);
  expect(imagesLeft(root)).toEqual([]);
  expect(await skiff.images.list()).toEqual([]);
}

describe('import', () => {
  test.each<[string, TestEntry[], string, RegExp]>([
    ['../', [file('../evil')], 'UNSAFE_TAR', /tar entry '\.\.\/evil' leads out/],
    ['an absolute name', [file('/evil')], 'UNSAFE_TAR', /tar entry '\/evil'/],
    [
      'a hard link to the outside',
      [{ header: { name: 'x', type: 'link', linkname: '../../victim' } }],
      'UNSAFE_TAR',
      /tar entry 'x', a hard link/,
    ],
    [
      'a file through a link to the outside',
      [{ header: { name: 'out', type: 'symlink', linkname: '/nowhere/else' } }, file('out/evil')],
      'ENOENT',
      /out\/evil/,
    ],
  ])('%s', async (_, entries, code, message) => {
    fs.writeFileSync(archive, await makeTar([file('first'), ...entries]));
    await refused(skiff.images.import(archive, { ref: 'evil' }), code, message);
  });

  test('truncated at any place, plain and gzipped', async () => {
    const bytes = await makeTar([file('a', 'x'.repeat(2000)), file('b', 'y'.repeat(700))]);
    for (const cut of [1, 100, 511, 512, 700, 2560, 3000, 3584, 4500]) {
      fs.writeFileSync(archive, bytes.subarray(0, cut));
      await refused(skiff.images.import(archive), 'BROKEN_TAR', /./);
    }
    const zipped = gzipSync(bytes);
    for (const cut of [9, 30, zipped.length - 4]) {
      fs.writeFileSync(archive, zipped.subarray(0, cut));
      await refused(skiff.images.import(archive), 'BROKEN_TAR', /./);
    }
  });

  test.each(['zstd', 'xz', 'bzip2'])('%s in name alone: its program says why', async compression => {
    const magic = { zstd: '28b52ffd', xz: 'fd377a585a00', bzip2: '425a68' }[compression]!;
    fs.writeFileSync(archive, Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(5000, 'noise')]));
    await refused(skiff.images.import(archive), 'BROKEN_TAR', new RegExp(`${compression} ended with`));
  });

  test('a bomb: a megabyte of gzip that would be a gigabyte', async () => {
    const header = (await makeTar([file('bomb', '')])).subarray(0, 512);
    const size = 1 << 30;
    const block = Buffer.from(header);
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    fs.writeFileSync(archive, gzipSync(Buffer.concat([block, Buffer.alloc(64 << 20)]), { level: 1 }));
    await refused(
      skiff.images.import(archive, { maxBytes: 16 << 20 }),
      'TOO_LARGE',
      /unpacks to more than 16 MiB/,
    );
  });

  test('a name that can be none is told before anything is read', async () => {
    await expect(skiff.images.import('/nowhere.tar', { ref: 'NO' })).rejects.toMatchObject({
      code: 'ENOENT',
    });
    fs.writeFileSync(archive, await makeTar([file('a')]));
    await expect(skiff.images.import(archive, { ref: 'NO' })).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
    });
    expect(imagesLeft(root)).toEqual([]);
  });
});

describe('load', () => {
  /** A Docker archive of one layer; what is given replaces its parts. */
  async function dockerArchive(
    parts: { layer?: Buffer; config?: object; manifest?: unknown; name?: string } = {},
  ) {
    const good = await makeTar([file('a')]);
    const layer = parts.layer ?? good;
    const config = JSON.stringify(
      parts.config ?? {
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(good)}`] },
      },
    );
    const name = parts.name ?? `${sha256(config)}.json`;
    const manifest = parts.manifest ?? [{ Config: name, RepoTags: ['x:1'], Layers: ['layer.tar'] }];
    return makeTar([
      { header: { name: 'layer.tar' }, content: layer },
      { header: { name }, content: config },
      { header: { name: 'manifest.json' }, content: JSON.stringify(manifest) },
    ]);
  }

  test('the archive itself is a good one', async () => {
    fs.writeFileSync(archive, await dockerArchive());
    const [image] = await skiff.images.load(archive);
    expect(image).toMatchObject({ refs: ['x:1'], loadedRefs: ['x:1'] });
  });

  test.each<[string, () => Promise<Buffer>, string, RegExp]>([
    ['no archive', async () => Buffer.alloc(4096, 'x'), 'BROKEN_TAR', /checksum/],
    ['a tar of something else', () => makeTar([file('a')]), 'BROKEN_IMAGE', /it is no image archive/],
    [
      'another layer than the config says',
      async () => dockerArchive({ layer: await makeTar([file('b')]) }),
      'DIGEST_MISMATCH',
      /digest mismatch/,
    ],
    [
      'another config than its name says',
      () => dockerArchive({ name: `${'a'.repeat(64)}.json` }),
      'DIGEST_MISMATCH',
      /digest mismatch/,
    ],
    ['a config without layers', () => dockerArchive({ config: { rootfs: {} } }), 'BROKEN_IMAGE', /diff_ids/],
    [
      'fewer layers than the config tells of',
      () => dockerArchive({ config: { rootfs: { type: 'layers', diff_ids: [] } } }),
      'BROKEN_IMAGE',
      /tells of 0 layers, it has 1/,
    ],
    [
      'a layer that is missing',
      () => dockerArchive({ manifest: [{ Config: '../../etc/passwd', RepoTags: null, Layers: [] }] }),
      'BROKEN_IMAGE',
      /it has no \.\.\/\.\.\/etc\/passwd/,
    ],
    [
      'a manifest that is no list',
      () => dockerArchive({ manifest: {} }),
      'BROKEN_IMAGE',
      /no list of images/,
    ],
    ['a layer that leads out', async () => evilLayer(), 'UNSAFE_TAR', /leads out of the layer/],
  ])('%s', async (_, make, code, message) => {
    fs.writeFileSync(archive, await make());
    await refused(skiff.images.load(archive), code, message);
  });

  async function evilLayer(): Promise<Buffer> {
    const layer = await makeTar([file('../evil')]);
    return dockerArchive({
      layer,
      config: { rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] } },
    });
  }

  test('truncated anywhere', async () => {
    const bytes = await dockerArchive();
    for (let cut = 1; cut < bytes.length - 1024; cut += 397) {
      fs.writeFileSync(archive, bytes.subarray(0, cut));
      await refused(skiff.images.load(archive), 'BROKEN_TAR', /./);
    }
  });

  test('an OCI layout of another machine, and one with a damaged blob', async () => {
    const layout = path.join(place.path, 'archive.tar');
    const blob = (content: string) => {
      const digest = `sha256:${sha256(content)}`;
      fs.writeFileSync(path.join(layout, 'blobs/sha256', digest.slice(7)), content);
      return { digest, size: content.length, mediaType: 'application/vnd.oci.image.manifest.v1+json' };
    };
    fs.mkdirSync(path.join(layout, 'blobs/sha256'), { recursive: true });
    const config = blob('{}');
    const manifest = blob(JSON.stringify({ schemaVersion: 2, config, layers: [] }));
    const index = (entry: object) =>
      fs.writeFileSync(
        path.join(layout, 'index.json'),
        JSON.stringify({ schemaVersion: 2, manifests: [entry] }),
      );
    index({ ...manifest, platform: { os: 'linux', architecture: 's390x' } });
    await refused(
      skiff.images.load(layout),
      'BROKEN_IMAGE',
      /no image for linux\/\w+, only for linux\/s390x/,
    );
    index(manifest);
    fs.appendFileSync(path.join(layout, 'blobs/sha256', manifest.digest.slice(7)), ' ');
    await refused(skiff.images.load(layout), 'DIGEST_MISMATCH', /digest mismatch/);
  });
});
