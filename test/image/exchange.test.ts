import fs from 'node:fs';
import path from 'node:path';
import { describeIf } from '../helpers/conditions';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { projectRoot, run } from '../helpers/run';
import { isUser } from '../helpers/user-mode';
import { call, has, skiff } from './support';

let root: string;
let place: { path: string; remove(): void };
const at = (name: string) => path.join(place.path, name);

let shared: { path: string; remove(): void };
let layout: string;
beforeAll(async () => {
  shared = tempDirectory();
  if (has('umoci')) layout = await umociImage(shared.path);
}, 120_000);
afterAll(() => shared.remove());

beforeEach(() => {
  root = tempRoot();
  place = tempDirectory();
});
afterEach(() => place.remove());

/** An OCI layout of three layers on busybox: a file changed, one removed, a directory made opaque. */
async function umociImage(directory: string): Promise<string> {
  const image = `${path.join(directory, 'layout')}:latest`;
  await call('umoci', 'init', '--layout', path.join(directory, 'layout'));
  await call('umoci', 'new', '--image', image);
  for (const [at, change] of CHANGES.entries()) {
    const bundle = path.join(directory, `bundle-${at}`);
    await call('umoci', 'unpack', '--image', image, bundle);
    await call('sh', '-ec', `cd ${path.join(bundle, 'rootfs')}; ${change}`);
    await call('umoci', 'repack', '--image', image, bundle);
  }
  const config = ['--config.env', 'FROM=umoci', '--config.cmd', '/bin/sh', '--config.workingdir', '/data'];
  await call('umoci', 'config', '--image', image, ...config);
  return path.join(directory, 'layout');
}

const CHANGES = [
  `tar -xf ${path.join(projectRoot, 'busybox.tar')}; mkdir -p data/sub; echo one > data/one
  echo two > data/two; echo deep > data/sub/deep; echo first > version`,
  'rm data/one; echo second > version; chown 1000:1000 version',
  'rm -r data/sub; mkdir data/sub; echo new > data/sub/new',
];

const LOOK = 'cat /version; ls /data /data/sub; stat -c %u /version; echo $FROM; pwd';
const SEEN = ['second', '/data:', 'sub', 'two', '', '/data/sub:', 'new', '1000', 'umoci', '/data'].join('\n');

describeIf(
  has('umoci'),
  'there is no umoci',
  'umoci',
)('umoci', () => {
  test.each(['overlay', 'vfs'])('an image of several layers runs with the driver %s', async driver => {
    expect(await skiff(root, 'load', '-i', layout)).toBe('Loaded image: latest:latest');
    const ran = await run(['run', '--storage-driver', driver, 'latest', 'sh', '-c', LOOK], { root });
    expect(ran.stdout.toString().trimEnd()).toBe(SEEN);
  });
});

describeIf(
  has('skopeo') && has('umoci'),
  'there is no skopeo or umoci',
  'skopeo',
)('skopeo', () => {
  test('loads what is saved, in both formats; digests agree', async () => {
    await skiff(root, 'load', '-i', layout);
    const layers = JSON.parse(
      await skiff(root, 'image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'latest'),
    ) as string[];
    const id = await skiff(root, 'image', 'inspect', '-f', '{{.Id}}', 'latest');
    await skiff(root, 'save', '-o', at('docker.tar'), 'latest');
    await skiff(root, 'save', '--format', 'oci-archive', '-o', at('oci.tar'), 'latest');
    for (const [source, copy] of [
      [`docker-archive:${at('docker.tar')}`, 'a'],
      [`oci-archive:${at('oci.tar')}`, 'b'],
    ] as const) {
      const config = JSON.parse(await call('skopeo', 'inspect', '--config', source)) as {
        rootfs: { diff_ids: string[] };
      };
      expect(config.rootfs.diff_ids).toEqual(layers);
      await call('skopeo', 'copy', '--insecure-policy', source, `dir:${at(copy)}`);
      const manifest = JSON.parse(fs.readFileSync(at(`${copy}/manifest.json`), 'utf8')) as {
        config: { digest: string };
      };
      expect(manifest.config.digest).toBe(id);
    }
  });

  test('what it writes is loaded: compressed layers, Docker archive, OCI directory', async () => {
    const source = `oci:${layout}:latest`;
    await call('skopeo', 'copy', '--insecure-policy', source, `docker-archive:${at('d.tar')}:from/skopeo:1`);
    await call('skopeo', 'copy', '--insecure-policy', source, `oci-archive:${at('o.tar')}:from/skopeo:2`);
    await call(
      'skopeo',
      'copy',
      '--insecure-policy',
      '--dest-compress-format',
      'zstd',
      '--dest-compress',
      source,
      `oci:${at('z')}:from/skopeo:3`,
    );
    expect(await skiff(root, 'load', '-i', at('d.tar'))).toBe('Loaded image: from/skopeo:1');
    expect(await skiff(root, 'load', '-i', at('o.tar'))).toBe('Loaded image: from/skopeo:2');
    expect(await skiff(root, 'load', '-i', at('z'))).toBe('Loaded image: from/skopeo:3');
    const ids = await skiff(root, 'images', '-q', '--no-trunc', 'from/skopeo');
    expect(new Set(ids.split('\n')).size).toBeLessThanOrEqual(2);
    for (const tag of ['1', '2', '3']) {
      expect(await skiff(root, 'run', `from/skopeo:${tag}`, 'sh', '-c', LOOK)).toBe(SEEN);
    }
  });
});

/** crun knows no hybrid cgroups. */
const WAY = ['--storage-driver', 'vfs', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
/** podman's own are above what a container of ours may have as its hard limits. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'];

describeIf(
  !isUser && has('podman') && has('umoci') && has('runc'),
  'there is no podman, umoci or runc, or this is a user: podman with runc wants cgroups of its own',
  'podman',
)('podman', () => {
  const podman = (...args: string[]) =>
    call('podman', '--root', at('podman'), '--runroot', at('podman-run'), ...WAY, ...args);
  afterEach(() => podman('system', 'reset', '--force'));

  test('loads and runs what is saved, in both formats; what it saves is loaded and runs', async () => {
    await skiff(root, 'load', '-i', layout);
    await skiff(root, 'tag', 'latest', 'from/skiff:1');
    const id = await skiff(root, 'image', 'inspect', '-f', '{{.Id}}', 'latest');
    for (const format of ['docker-archive', 'oci-archive']) {
      await skiff(root, 'save', '--format', format, '-o', at('s.tar'), 'from/skiff:1');
      expect(await podman('load', '-q', '-i', at('s.tar'))).toContain('docker.io/from/skiff:1');
      expect(
        `sha256:${(await podman('images', '-q', '--no-trunc', 'from/skiff')).trim().replace('sha256:', '')}`,
      ).toBe(id);
      const looked = await podman(
        'run',
        '--rm',
        '--network',
        'none',
        ...LIMITS,
        'from/skiff:1',
        'sh',
        '-c',
        LOOK,
      );
      expect(looked.trimEnd()).toBe(SEEN);
      await podman('save', '-q', '--format', format, '-o', at(`${format}.tar`), 'docker.io/from/skiff:1');
      const other = tempRoot();
      expect(await skiff(other, 'load', '-i', at(`${format}.tar`))).toBe('Loaded image: from/skiff:1');
      expect(await skiff(other, 'image', 'inspect', '-f', '{{.Id}}', 'from/skiff:1')).toBe(id);
      expect(await skiff(other, 'run', 'from/skiff:1', 'sh', '-c', LOOK)).toBe(SEEN);
      await podman('rmi', '-f', 'from/skiff:1');
    }
  });
});
