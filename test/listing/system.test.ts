import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { diskUsage, summarize } from '../../lib/engine/disk-usage';
import { diskUsageSources } from '../../lib/engine/disk-usage-sources';
import { Images } from '../../lib/engine/images';
import { formatDetails, formatSummary } from '../../lib/cli/df';
import { projectRoot, run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { sh, useSkiff, waiting } from '../run/support';

const skiff = useSkiff();

async function skiffRuns(args: string[], input?: string) {
  const ran = await run(args, { root: skiff().root, input });
  return { ...ran, stdout: ran.stdout.toString() };
}

async function keep(name: string, bytes = 0): Promise<string> {
  const { id } = await skiff().run(sh(`head -c ${bytes} /dev/zero > /zeros`), { keep: true, name });
  return id;
}

async function names(): Promise<string[]> {
  return (await skiff().list()).map(({ name }) => name).sort();
}

afterEach(async () => {
  await skiff().pruneContainers();
});

describe('container prune', () => {
  it('asks first, and without a yes nothing is removed', async () => {
    await keep('asked');
    for (const answer of ['n\n', '', 'yikes\n']) {
      const ran = await skiffRuns(['container', 'prune'], answer);
      expect(ran.stdout).toBe(
        'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ',
      );
      expect({ code: ran.code, stderr: ran.stderr }).toEqual({
        code: 1,
        stderr: 'skiff: container prune has been cancelled\n',
      });
    }
    expect(await names()).toEqual(['asked']);
    expect((await skiffRuns(['container', 'prune'], 'y\n')).code).toBe(0);
    expect(await names()).toEqual([]);
  });

  it('removes those that do not run, and tells what that gave back', async () => {
    await using container = await waiting(skiff(), { name: 'runs' });
    const ids = [await keep('one', 3000), await keep('two', 2000)];
    const { stdout, code } = await skiffRuns(['container', 'prune', '-f']);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('Deleted Containers:');
    expect(lines.slice(1, 3).sort()).toEqual(ids.sort());
    expect(lines.slice(3)).toEqual(['', 'Total reclaimed space: 5kB', '']);
    expect(await names()).toEqual([container.name]);
    expect(fs.existsSync(path.join(skiff().root, 'containers', ids[0]!))).toBe(false);
  });

  it('of those that fit', async () => {
    await keep('young');
    expect((await skiffRuns(['container', 'prune', '-f', '--filter', 'until=1h'])).stdout).toBe(
      'Total reclaimed space: 0B\n',
    );
    expect((await skiffRuns(['container', 'prune', '-f', '--filter', 'label=none'])).stdout).toBe(
      'Total reclaimed space: 0B\n',
    );
    expect(await names()).toEqual(['young']);
    await skiffRuns(['container', 'prune', '-f', '--filter', 'until=0s', '--filter', 'label!=none']);
    expect(await names()).toEqual([]);
  });

  it.each([
    ['color=red', "invalid filter 'color'"],
    ['until=soon', 'failed to parse value as time or duration: "soon"'],
  ])('refuses %s', async (filter, message) => {
    await keep('stays');
    const { code, stderr } = await skiffRuns(['container', 'prune', '-f', '--filter', filter]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(await names()).toEqual(['stays']);
  });
});

it('system prune tells what it will remove, and removes it', async () => {
  await keep('pruned', 1000);
  const asked = await skiffRuns(['system', 'prune'], 'n\n');
  expect(asked.stdout).toContain(
    'WARNING! This will remove:\n  - all stopped containers\n  - all dangling images\nAre you sure',
  );
  expect(asked.stderr).toBe('skiff: system prune has been cancelled\n');
  const { stdout } = await skiffRuns(['system', 'prune', '--force']);
  expect(stdout).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 1kB\n$/);
  expect(await names()).toEqual([]);
});

it('system prune takes images and volumes along where that is asked for', async () => {
  const { id } = await skiff().run(sh('echo 12345 > /data/file'), {
    name: 'mounts',
    keep: true,
    volumes: ['/data', 'named:/named'],
  });
  const [anonymous] = (await skiff().volumes.list()).filter(volume => volume.anonymous);
  const { stdout } = await skiffRuns(['system', 'prune', '-af', '--volumes']);
  expect(stdout).toContain(`Deleted Containers:\n${id}\n`);
  expect(stdout).toContain(`Deleted Volumes:\n${anonymous!.name}\n`);
  expect((await skiff().volumes.list()).map(({ name }) => name)).toEqual(['named']);
  await skiff().volumes.remove('named');
  const refused = await skiffRuns(['system', 'prune', '-f', '--volumes', '--filter', 'until=1h']);
  expect(refused.stderr).toContain('the "until" filter is not supported with "--volumes"');
});

describe('system df', () => {
  it('has a line for each kind', async () => {
    await skiff().run(sh('echo 12345 > /data/file'), {
      name: 'mounts',
      keep: true,
      volumes: ['sized:/data'],
    });
    const { stdout } = await skiffRuns([
      'system',
      'df',
      '--format',
      '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}',
    ]);
    expect(stdout).toMatch(/^Images 1 \d [\d.]+MB\nContainers 1 0 0B\nLocal Volumes 1 1 6B\n$/);
    expect((await skiffRuns(['system', 'df', '-v'])).stdout).toMatch(/^sized +1 +6B$/m);
    await skiff().remove('mounts');
    await skiff().volumes.remove('sized');
  });

  it('counts containers, and what those that do not run would give back', async () => {
    await using active = await waiting(skiff(), { name: 'active' });
    await keep('idle', 5000);
    expect(await names()).toEqual([active.name, 'idle']);
    const rows = (await skiffRuns(['system', 'df', '--format', 'json'])).stdout.trim().split('\n');
    const containers = rows
      .map(row => JSON.parse(row) as Record<string, string>)
      .find(row => row.Type === 'Containers');
    expect(containers).toEqual({
      Type: 'Containers',
      TotalCount: '2',
      Active: '1',
      Size: '5kB',
      Reclaimable: '5kB (100%)',
    });
  });

  it('-v tells each', async () => {
    await keep('each', 5000);
    const { stdout } = await skiffRuns(['system', 'df', '-v']);
    expect(stdout).toMatch(
      /Containers space usage:\n\nCONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES\n/,
    );
    expect(stdout).toMatch(/[0-9a-f]{12} +busybox +"sh -c 'head -c 5000…" +0 +5kB .*Exited \(0\).* +each\n/);
    expect((await skiffRuns(['system', 'df', '-v', '--format', 'json'])).code).toBe(125);
  });

  it('counts a layer that two images have once', async () => {
    const { path: own, remove } = tempDirectory();
    try {
      const images = new Images({ root: own });
      for (const ref of ['one:1', 'two:2'])
        await images.import(path.join(projectRoot, 'busybox.tar'), { ref, message: ref });
      const [summary] = summarize(await diskUsage(diskUsageSources({ root: own })));
      expect(summary).toMatchObject({ type: 'Images', active: 0 });
      expect(summary!.size).toBeGreaterThan(1e6);
      expect(summary!.size).toBeLessThan(3e6);
      expect(summary!.reclaimable).toBe(summary!.size);
    } finally {
      remove();
    }
  });

  it('puts images and volumes beside them', async () => {
    const usage = await diskUsage({
      containers: () => Promise.resolve([]),
      images: () =>
        Promise.resolve([
          {
            id: `sha256:${'a'.repeat(64)}`,
            names: ['localhost:5000/app:v1'],
            created: 0,
            size: 3e6,
            uniqueSize: 1e6,
            countedSize: 1e6,
            containers: 1,
          },
          {
            id: `sha256:${'b'.repeat(64)}`,
            names: [],
            created: 0,
            size: 4e6,
            uniqueSize: 2e6,
            countedSize: 2e6,
            containers: 0,
          },
        ]),
      volumes: () => Promise.resolve([{ name: 'data', size: 500, containers: 0 }]),
    });
    expect(summarize(usage)).toEqual([
      { type: 'Images', total: 2, active: 1, size: 3e6, reclaimable: 2e6 },
      { type: 'Containers', total: 0, active: 0, size: 0, reclaimable: 0 },
      { type: 'Local Volumes', total: 1, active: 0, size: 500, reclaimable: 500 },
    ]);
    expect(formatSummary(usage)).toBe(`TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
Images          2         1         3MB       2MB (66%)
Containers      0         0         0B        0B
Local Volumes   1         0         500B      500B (100%)
`);
    const details = formatDetails(usage, 60_000);
    expect(details).toMatch(/^localhost:5000\/app +v1 +a{12} +About a minute ago +3MB +2MB +1MB +1$/m);
    expect(details).toMatch(/^<none> +<none> +b{12} +.* 4MB +2MB +2MB +0$/m);
    expect(details).toMatch(/^data +0 +500B$/m);
  });
});

describe('info and version', () => {
  it('version', async () => {
    const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    expect((await skiffRuns(['version', '--format', '{{.Client.Version}}'])).stdout).toBe(`${version}\n`);
    expect((await skiffRuns(['version'])).stdout).toContain(`Version:      ${version}\n`);
    expect(JSON.parse((await skiffRuns(['version', '-f', 'json'])).stdout)).toMatchObject({
      Client: { Version: version, KernelVersion: os.release(), NodeVersion: process.version },
    });
    expect((await skiffRuns(['version', '-f', '{{.Server}}'])).code).toBe(1);
  });

  it('info', async () => {
    await using running = await waiting(skiff());
    await keep('stopped');
    expect(await names()).toEqual([running.name, 'stopped'].sort());
    const { stdout } = await skiffRuns(['info', '--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      Containers: 2,
      ContainersRunning: 1,
      ContainersStopped: 1,
      Driver: skiff().storageDriver,
      NCPU: os.cpus().length,
      MemTotal: os.totalmem(),
      RootDir: skiff().root,
    });
    expect((await skiffRuns(['info'])).stdout).toMatch(
      /^Containers: 2\n Running: 1\n Paused: 0\n Stopped: 1\n/,
    );
  });
});
