import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../../lib/common/errors';
import { commitContainer } from '../../lib/engine/commit';
import { containerDefaults } from '../../lib/engine/commit-config';
import type { ContainerInfo } from '../../lib/engine/info';
import { TarParser } from '../../lib/layers/tar-parser';
import { comparison, tarTree } from '../../lib/workspace';
import { filesOf } from '../../lib/engine/files';
import { Skiff } from '../../lib/engine';
import { fileRoot, run, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { isUser } from '../helpers/user-mode';
import { sh } from '../run/support';
import { bytesOf, keep, refusal, skiff } from './support';

describe.each(['overlay', 'vfs'])('commit, driver %s', driver => {
  const root = tempRoot();
  const on = ['--root', root, '--storage-driver', driver];
  const of = ['--root', root];

  test('what was added, changed and deleted is so in containers of the image, and of an image of that', async () => {
    const first =
      'echo hi > /hi; ln /hi /hi2; rm -rf /usr; mkdir /usr; touch /usr/only; rm /etc/group; chmod 750 /root; chown 7:8 /hi; mkfifo /fifo';
    await keep('one', first, on);
    const id = (await skiff(['commit', ...of, '-m', 'first', '-a', 'me', 'one', 'img:1'])).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const look = 'ls / /usr /etc; cat /hi2; stat -c "%a %u %g %F" /hi /root /fifo; stat -c %h /hi';
    expect(await skiff(['run', ...on, 'img:1', 'sh', '-c', look])).toBe(
      [
        '/:\nbin\ndev\netc\nfifo\nhi\nhi2\nhome\nlinuxrc\nmnt\nopt\nproc\nroot\nrun\nsbin\nsys\ntmp\nusr\nvar\n',
        '/etc:\nhostname\nhosts\npasswd\nresolv.conf\n',
        '/usr:\nonly\nhi\n644 7 8 regular file\n750 0 0 directory\n644 0 0 fifo\n2\n',
      ].join('\n'),
    );
    await keep('two', 'rm /hi; echo 2 > /two; mkdir /usr/bin', [...on, '--image', 'img:1']);
    await skiff(['commit', ...of, 'two', 'img:2']);
    const second = await skiff([
      'run',
      ...on,
      'img:2',
      'sh',
      '-c',
      'cat /two; ls /usr; ls /hi /hi2 2>&1; true',
    ]);
    expect(second).toBe('2\nbin\nonly\nls: /hi: No such file or directory\n/hi2\n');
    await skiff(['rm', ...of, 'one', 'two']);
  });

  test('nothing changed: no layer, but an image', async () => {
    await keep('same', 'true', on);
    await skiff(['commit', ...of, '-c', 'ENV A=1', 'same', 'same:1']);
    const engine = await Skiff.open({ root });
    try {
      const { config, layers } = await engine.images.inspect('same:1');
      expect(layers).toHaveLength(1);
      expect(config.history?.at(-1)).toMatchObject({ empty_layer: true });
      expect(config.config).toMatchObject({ Env: ['A=1'], Cmd: ['sh', '-c', 'true'] });
    } finally {
      await engine.close();
    }
    const events = fs.readFileSync(path.join(root, 'events.jsonl'), 'utf8');
    expect(events).toMatch(/"type":"container","action":"commit",.*"name":"same","imageID":"sha256:/);
    await skiff(['rm', ...of, 'same']);
  });
});

test('the layer is an OCI layer: whiteouts, no names or attributes of the storage driver', async () => {
  const root = tempRoot();
  await keep('layer', 'rm /etc/group; rm -rf /usr; mkdir /usr; touch /usr/only; mv /home /moved', [
    '--root',
    root,
    '--storage-driver',
    'overlay',
  ]);
  const engine = await Skiff.open({ root });
  const names: string[] = [];
  try {
    const info = await engine.inspect('layer');
    const stream = await tarTree({ what: 'test', name: 'layer' }, async held => ({
      ...(await comparison(filesOf(info), held)),
      layer: true,
    }));
    const parser = new TarParser({
      entry: ({ name, pax, type, size }) => {
        names.push(name);
        expect([...pax.keys()].filter(key => key.includes('overlay'))).toEqual([]);
        if (path.basename(name).startsWith('.wh.')) expect([type, size]).toEqual(['0', 0]);
      },
      content: () => undefined,
      end: () => undefined,
    });
    parser.push(await bytesOf(stream));
    parser.finish();
  } finally {
    await engine.close();
  }
  expect(names).toEqual([
    'etc/',
    'etc/.wh.group',
    '.wh.home',
    'moved/',
    'usr/',
    'usr/.wh.bin',
    'usr/only',
    'usr/.wh.sbin',
  ]);
  await skiff(['rm', '--root', root, 'layer']);
});

test('a file whose name would be a whiteout is told, and nothing is stored', async () => {
  await keep('wh', 'touch /.wh.passwd');
  const { code, stderr } = await refusal(['commit', 'wh', 'wh:1']);
  expect(stderr).toMatch(/\.wh\.passwd.*cannot stand in a layer/);
  expect(code).not.toBe(0);
  expect(await skiff(['images', '-q', '--no-trunc'])).not.toContain('wh');
  await skiff(['rm', 'wh']);
});

describe('the config', () => {
  const info = (more: Partial<ContainerInfo>) =>
    ({ command: [], labels: {}, options: {}, ...more }) as ContainerInfo;

  test('is that of the image with what the container was created with', () => {
    const base = {
      Env: ['PATH=/bin', 'A=1'],
      Entrypoint: ['/init'],
      Cmd: ['serve'],
      User: 'nobody',
      Labels: { a: '1' },
    };
    expect(
      containerDefaults(
        base,
        info({
          command: ['/init', 'other', 'words'],
          labels: { b: '2' },
          options: { env: ['A=2', 'B=3', 'HOST'], user: '7:8', cwd: '/w', stopSignal: 'SIGQUIT' },
        }),
      ),
    ).toEqual({
      Env: ['PATH=/bin', 'A=2', 'B=3'],
      Entrypoint: ['/init'],
      Cmd: ['other', 'words'],
      User: '7:8',
      WorkingDir: '/w',
      StopSignal: 'SIGQUIT',
      Labels: { a: '1', b: '2' },
    });
    expect(
      containerDefaults(
        base,
        info({ command: ['sh', '-c'], options: { entrypoint: 'sh', env: { C: '4' } } }),
      ),
    ).toMatchObject({
      Entrypoint: ['sh'],
      Cmd: ['-c'],
      Env: ['PATH=/bin', 'A=1', 'C=4'],
    });
    expect(containerDefaults(base, info({ command: ['top'], options: { entrypoint: '' } }))).toMatchObject({
      Entrypoint: undefined,
      Cmd: ['top'],
    });
  });

  test('changes are refused before anything is stored', async () => {
    await keep('bad', 'touch /x');
    expect((await refusal(['commit', '-c', 'FLY away', 'bad', 'bad:1'])).stderr).toMatch(
      /FLY is not a valid change command/,
    );
    expect((await refusal(['commit', '-c', 'ONBUILD ONBUILD RUN x', 'bad', 'bad:1'])).stderr).toMatch(
      /Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed/,
    );
    expect((await refusal(['commit', 'bad', 'Bad Name'])).stderr).toMatch(/invalid reference format/);
    expect((await refusal(['commit', 'nobody'])).stderr).toMatch(/no such container: nobody/);
    expect(await skiff(['images'])).not.toContain('bad');
    await skiff(['rm', 'bad']);
  });

  test('a container of a directory has no image to build on', async () => {
    const { path: top, remove } = tempDirectory();
    execFileSync('tar', ['-xf', path.join(__dirname, '../../busybox.tar'), '-C', top]);
    await skiff(['run', '--keep', '--name', 'dir', '--rootfs', top, 'touch', '/x']);
    expect((await refusal(['commit', 'dir', 'dir:1'])).stderr).toMatch(/it is not made of an image/);
    await skiff(['rm', 'dir']);
    remove();
  });
});

test('a running container is held while its files are read, and goes on', async () => {
  const root = tempRoot();
  const engine = await Skiff.open({ root });
  try {
    const container = await engine.start(sh('echo x > /x; echo up; cat'));
    await new Promise(resolve => container.stdout!.once('data', resolve));
    const calls: string[] = [];
    const freezer = {
      hold: async (id: string) => {
        calls.push(`hold ${id === container.id}`);
        return async () => void calls.push('let go');
      },
    };
    const context = { images: engine.images.store, freezer };
    const info = await engine.inspect(container.id);
    const image = await commitContainer(context, info, { ref: 'held:1' });
    expect(image.layers).toHaveLength(2);
    expect(calls).toEqual(['hold true', 'let go']);
    await commitContainer(context, info, { pause: false });
    expect(calls).toHaveLength(2);
    await expect(commitContainer({ ...context, images: broken(engine) }, info, {})).rejects.toThrow(
      /no room/,
    );
    expect(calls).toHaveLength(4);
    // Another one has paused it meanwhile: it is left as it is.
    const refuse = (code: string) => () => Promise.reject(new SkiffError(code, { code }));
    const paused = { hold: refuse('CONTAINER_PAUSED') };
    await commitContainer({ ...context, freezer: paused }, info);
    const unable = { hold: refuse('CGROUP_UNAVAILABLE') };
    const committed = commitContainer({ ...context, freezer: unable }, info);
    // A user without cgroups can hold nothing, and commits what is there.
    if (isUser) await committed;
    else await expect(committed).rejects.toThrow(/CGROUP_UNAVAILABLE/);
    await container.remove();
  } finally {
    await engine.close();
  }
});

/** A store that takes no layer. */
function broken(engine: Skiff): Skiff['images']['store'] {
  return Object.create(engine.images.store, {
    addLayer: { value: () => Promise.reject(new Error('no room')) },
  }) as Skiff['images']['store'];
}

test('killed in the middle: no half image, no mount; the next one works', async () => {
  await keep('large', 'dd if=/dev/urandom of=/random bs=1M count=150 2>/dev/null');
  for (const wanted of [4 << 20, 60 << 20, 140 << 20]) {
    const child = start(['commit', 'large', 'large:1']);
    const closed = new Promise(resolve => child.once('close', resolve));
    await until('it writes', () => {
      if (child.exitCode !== null) return true;
      const io = fs.readFileSync(`/proc/${child.pid}/io`, 'utf8');
      return Number(/wchar: (\d+)/.exec(io)?.[1]) > wanted;
    });
    child.kill('SIGKILL');
    await closed;
    expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(fileRoot());
    expect((await run(['images'])).stdout.toString()).not.toContain('large');
  }
  await skiff(['commit', 'large', 'large:1']);
  expect(await skiff(['run', 'large:1', 'sh', '-c', 'wc -c < /random'])).toBe('157286400\n');
  const layers = path.join(fileRoot(), 'images', 'layers');
  expect(fs.readdirSync(layers).filter(name => name.startsWith('.'))).toEqual([]);
  await skiff(['rm', 'large']);
}, 120_000);
