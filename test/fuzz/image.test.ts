/**
 * Images: an index, manifest or config that is damaged in any way is refused, or makes an image that all that looks at
 * images can read, and that runs or is refused.
 */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { historyRows } from '../../lib/cli/history-rows';
import { SkiffError } from '../../lib/common/errors';
import { Images } from '../../lib/engine/images';
import { digestOf, thisArchitecture } from '../../lib/image/config';
import { parseReference } from '../../lib/image/reference';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { run } from '../helpers/run';
import { useSkiff } from '../run/support';
import { damagedBytes, damagedJson, runs, tolerant } from './support';

const skiff = useSkiff();
const directory = tempDirectory();
afterAll(() => directory.remove());

const platform = { os: 'linux', architecture: thisArchitecture() };

const config = (layer: string) => ({
  ...platform,
  created: '2020-09-13T12:26:40Z',
  author: 'somebody',
  config: {
    User: '1:2',
    Env: ['A=b', 'PATH=/bin'],
    Entrypoint: ['/bin/echo'],
    Cmd: ['hello'],
    WorkingDir: '/tmp',
    Volumes: { '/data': {} },
    Labels: { a: 'b' },
    ExposedPorts: { '80/tcp': {} },
    StopSignal: 'SIGTERM',
    OnBuild: ['RUN true'],
  },
  rootfs: { type: 'layers', diff_ids: [layer] },
  history: [
    { created: '2020-09-13T12:26:40Z', created_by: 'sh', comment: 'c', author: 'a', empty_layer: false },
  ],
});
const manifest = (configDigest: string, layer: string) => ({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: 1 },
  layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: 1 }],
});
const index = (digest: string) => ({
  schemaVersion: 2,
  manifests: [
    {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: 1,
      platform,
      annotations: {
        'org.opencontainers.image.ref.name': 'fuzzed',
        'io.containerd.image.name': 'docker.io/library/fuzzed:1',
      },
    },
  ],
});

let layer: { digest: string; bytes: Buffer };
beforeAll(async () => {
  // Its layer stays.
  await skiff().images.tag('busybox', 'kept:1');
  const saved = path.join(directory.path, 'saved');
  await skiff().images.saveTo(saved, ['busybox'], { format: 'oci-archive' });
  const [{ layers } = { layers: [] }] = await skiff().images.load(saved);
  const { execFileSync } = await import('node:child_process');
  const bytes = execFileSync('tar', ['-xOf', saved, `blobs/${layers[0]!.replace(':', '/')}`], {
    maxBuffer: 64 << 20,
  });
  layer = { digest: layers[0]!, bytes };
});

/** An OCI layout with these texts; what is said of one by another holds, so that all of them are read. */
function layout(texts: {
  config: string;
  manifest: (digest: string) => string;
  index: (digest: string) => string;
}): string {
  const place = path.join(directory.path, 'layout');
  fs.rmSync(place, { recursive: true, force: true });
  fs.mkdirSync(path.join(place, 'blobs', 'sha256'), { recursive: true });
  const blob = (content: string | Buffer) => {
    const digest = digestOf(content);
    fs.writeFileSync(path.join(place, 'blobs', digest.replace(':', '/')), content);
    return digest;
  };
  blob(layer.bytes);
  const text = texts.index(blob(texts.manifest(blob(texts.config))));
  fs.writeFileSync(path.join(place, 'index.json'), text);
  return place;
}

const whole = () => ({
  config: JSON.stringify(config(layer.digest)),
  manifest: (digest: string) => JSON.stringify(manifest(digest, layer.digest)),
  index: (digest: string) => JSON.stringify(index(digest)),
});

/** Load it, look at it in every way, run it, remove it. */
async function use(place: string): Promise<number | undefined> {
  const images = skiff().images;
  const loaded = await tolerant(() => images.load(place));
  for (const { id } of loaded ?? []) {
    await images.list();
    await images.inspect(id);
    const { history } = await images.history(id);
    historyRows(id, history, { noTrunc: false, now: Date.now() });
    const result = await tolerant(() => skiff().run([], { image: id }));
    // What the image says has come as far as a container: it is text.
    if (result) expect(result.stdout).toEqual(expect.any(String));
    await images.remove(id, { force: true });
  }
  return loaded?.length;
}

test('as it is, it is loaded and runs', async () => {
  expect(await use(layout(whole()))).toBe(1);
});

test('a damaged config', async () => {
  const damaged = damagedJson(config(layer.digest)).map(value => JSON.stringify(value) ?? '');
  await fc.assert(
    fc.asyncProperty(damaged, async text => {
      await use(layout({ ...whole(), config: text }));
    }),
    runs(150),
  );
});

test('a damaged manifest', async () => {
  const damaged = damagedJson(manifest('CONFIG', layer.digest)).map(value => JSON.stringify(value) ?? '');
  await fc.assert(
    fc.asyncProperty(damaged, async text => {
      await use(layout({ ...whole(), manifest: digest => text.replaceAll('CONFIG', digest) }));
    }),
    runs(150),
  );
});

test('a damaged index', async () => {
  const damaged = damagedJson(index('MANIFEST')).map(value => JSON.stringify(value) ?? '');
  const cut = damagedBytes(Buffer.from(JSON.stringify(index('MANIFEST')))).map(bytes =>
    bytes.toString('utf8'),
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, cut), async text => {
      await use(layout({ ...whole(), index: digest => text.replaceAll('MANIFEST', digest) }));
    }),
    runs(150),
  );
});

test("a damaged manifest.json of Docker's", async () => {
  const entry = { Config: 'config.json', RepoTags: ['fuzzed:1'], Layers: ['layer.tar'] };
  await fc.assert(
    fc.asyncProperty(damagedJson([entry]), async value => {
      const place = layout(whole());
      fs.writeFileSync(path.join(place, 'manifest.json'), JSON.stringify(value) ?? '');
      fs.writeFileSync(path.join(place, 'config.json'), JSON.stringify(config(layer.digest)));
      fs.writeFileSync(path.join(place, 'layer.tar'), layer.bytes);
      await use(place);
    }),
    runs(150),
  );
});

test('names', () => {
  const part = fc.constantFrom(
    'a',
    'A',
    '/',
    ':',
    '@',
    '.',
    '-',
    '_',
    'localhost',
    '5000',
    'sha256:',
    '0'.repeat(64),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part, { maxLength: 12 }).map(parts => parts.join('')),
      ),
      text => {
        try {
          const { repository, tag, digest } = parseReference(text);
          const again = `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
          expect(parseReference(again)).toEqual({
            repository,
            ...(tag !== undefined && { tag }),
            ...(digest !== undefined && { digest }),
          });
        } catch (error) {
          if (!SkiffError.is(error)) throw error;
        }
      },
    ),
    runs(3000),
  );
});

describe('records of images', () => {
  test('damaged, they are told or passed over by every command', async () => {
    const root = tempRoot();
    const images = new Images({ root });
    await images.tag('busybox', 'fuzzed:1');
    const records = path.join(root, 'images', 'records');
    const file = path.join(records, fs.readdirSync(records)[0]!);
    const refs = path.join(root, 'images', 'refs.json');
    const texts = [file, refs].map(name => fs.readFileSync(name, 'utf8'));
    const document = { record: JSON.parse(texts[0]!) as object, refs: JSON.parse(texts[1]!) as object };
    await fc.assert(
      fc.asyncProperty(damagedJson(document), async value => {
        const { record, refs: names } = (value ?? {}) as Partial<typeof document>;
        fs.writeFileSync(file, JSON.stringify(record) ?? '');
        fs.writeFileSync(refs, JSON.stringify(names) ?? '');
        for (const look of [
          () => new Images({ root }).list(),
          () => new Images({ root }).inspect('fuzzed:1'),
          () => new Images({ root }).history('fuzzed:1'),
          () => new Images({ root }).has('fuzzed:1'),
          () => new Images({ root }).source('fuzzed:1'),
        ]) {
          await tolerant<unknown>(look);
        }
      }),
      runs(500),
    );
    fs.writeFileSync(refs, '[]');
    const { code, stderr } = await run(['images'], { root });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^skiff: image store: .*refs\.json: /),
    });
  });
});
