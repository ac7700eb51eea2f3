import { run } from '../helpers/run';
import { sh, useSkiff, waiting } from '../run/support';
import { FakeRoot } from './records';

const created = Date.UTC(2026, 10, 25, 3);
const IMAGE_ID = `sha256:${'ab'.repeat(32)}`;
let root: FakeRoot;
let id: string;

beforeAll(() => {
  root = new FakeRoot();
  id = root.add({
    name: 'bird',
    created,
    image: 'alpine',
    imageId: IMAGE_ID,
    command: ['sh', '-c', 'sleep 1'],
    layers: ['/layers/top', '/layers/bottom'],
    labels: { 'com.example.tier': 'web' },
    mounts: [
      { type: 'volume', name: 'data', source: '/v/data/_data', destination: '/data', readOnly: false },
      { type: 'bind', source: '/srv', destination: '/srv', readOnly: true },
    ],
    options: {
      command: ['-c', 'sleep 1'],
      entrypoint: 'sh',
      env: { A: '1', B: 'two' },
      memory: '64m',
      cpus: 0.5,
      pidsLimit: 20,
      restart: 'on-failure:3',
      remove: true,
      tmpfs: ['/tmp:size=1m', '/run'],
      ulimits: ['nofile=1024:2048', 'core=-1'],
      log: { maxSize: '10m', maxFiles: 3 },
      stopSignal: 'SIGINT',
      user: '1000',
      tty: true,
      volumes: ['data:/data', '/srv:/srv:ro'],
    },
    state: {
      status: 'exited',
      startedAt: created + 1000,
      finishedAt: created + 3000,
      exitCode: 137,
      oomKilled: true,
      restartCount: 2,
    },
  });
});
afterAll(() => root.remove());

async function inspect(...args: string[]) {
  const ran = await run(['inspect', ...args], { root: root.path });
  return { ...ran, stdout: ran.stdout.toString() };
}

it("tells a container by Docker's names", async () => {
  const { stdout, code } = await inspect('bird');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([
    {
      Id: id,
      Created: '2026-11-25T03:00:00.000Z',
      Path: 'sh',
      Args: ['-c', 'sleep 1'],
      State: {
        Status: 'exited',
        Running: false,
        Paused: false,
        Restarting: false,
        OOMKilled: true,
        Dead: false,
        Pid: 0,
        ExitCode: 137,
        Error: '',
        StartedAt: '2026-11-25T03:00:01.000Z',
        FinishedAt: '2026-11-25T03:00:03.000Z',
      },
      Image: IMAGE_ID,
      LogPath: `${root.path}/containers/${id}/log`,
      Name: '/bird',
      RestartCount: 2,
      Driver: 'overlay',
      Platform: 'linux',
      HostConfig: expect.objectContaining({
        Binds: ['data:/data', '/srv:/srv:ro'],
        LogConfig: { Type: 'k8s-file', Config: { 'max-size': '10m', 'max-file': '3' } },
        NetworkMode: 'none',
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        AutoRemove: true,
        Privileged: false,
        ReadonlyRootfs: false,
        Tmpfs: { '/tmp': 'size=1m', '/run': '' },
        Memory: 64 * 1024 ** 2,
        NanoCpus: 5e8,
        CpuShares: 0,
        PidsLimit: 20,
        Ulimits: [
          { Name: 'nofile', Hard: 2048, Soft: 1024 },
          { Name: 'core', Hard: -1, Soft: -1 },
        ],
      }) as object,
      GraphDriver: {
        Name: 'overlay',
        Data: {
          LowerDir: '/layers/top:/layers/bottom',
          MergedDir: `${root.path}/containers/${id}/mnt`,
          UpperDir: `${root.path}/containers/${id}/writeLayer`,
          WorkDir: `${root.path}/containers/${id}/work`,
        },
      },
      Mounts: [
        {
          Type: 'volume',
          Name: 'data',
          Source: '/v/data/_data',
          Destination: '/data',
          Driver: 'local',
          Mode: '',
          RW: true,
          Propagation: '',
        },
        { Type: 'bind', Source: '/srv', Destination: '/srv', Mode: 'ro', RW: false, Propagation: 'rprivate' },
      ],
      Config: expect.objectContaining({
        Hostname: id.slice(0, 12),
        User: '1000',
        Tty: true,
        OpenStdin: false,
        Env: ['A=1', 'B=two'],
        Cmd: ['-c', 'sleep 1'],
        Image: 'alpine',
        Entrypoint: ['sh'],
        Labels: { 'com.example.tier': 'web' },
        StopSignal: 'SIGINT',
      }) as object,
      NetworkSettings: { Ports: {}, Networks: { none: { IPAddress: '', Gateway: '', MacAddress: '' } } },
    },
  ]);
});

it.each([
  ['{{.State.ExitCode}} {{.Name}}', '137 /bird\n'],
  ['{{json .Config.Cmd}}', '["-c","sleep 1"]\n'],
  ['{{range .Mounts}}{{.Destination}} {{end}}', '/data /srv \n'],
  ['{{index .Config.Labels "com.example.tier"}}', 'web\n'],
  ['{{index .Config.Labels "none"}}', '\n'],
  ['{{.Config.Labels.none}}', '<no value>\n'],
  ['{{if .State.OOMKilled}}oom{{end}}', 'oom\n'],
  ['{{range $net, $_ := .NetworkSettings.Networks}}{{$net}}{{end}}', 'none\n'],
  ['{{len .HostConfig.Ulimits}} {{.HostConfig.Memory}}', '2 67108864\n'],
])('-f %s', async (format, text) => {
  expect(await inspect('-f', format, id.slice(0, 8))).toMatchObject({ code: 0, stdout: text });
});

it('an unknown field is named', async () => {
  const { code, stderr } = await inspect('-f', '{{.State.Exit}}', 'bird');
  expect(code).toBe(1);
  expect(stderr).toContain("at <.State.Exit>: can't evaluate field Exit in type struct");
  expect(stderr).toContain('.ExitCode');
});

it('tells those that there are, and of the others that they are not', async () => {
  const { code, stdout, stderr } = await inspect('-f', '{{.Name}}', 'nobody', 'bird');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '/bird\n' });
  expect(stderr).toMatch(/^skiff: no such (container|object): nobody\n/);
  expect(JSON.parse((await inspect('nobody')).stdout)).toEqual([]);
});

it('-f json is one line, --type chooses, an unknown type is refused', async () => {
  const { stdout } = await inspect('-f', 'json', '--type', 'container', 'bird');
  expect(stdout.trim()).not.toContain('\n');
  expect(JSON.parse(stdout)).toMatchObject([{ Id: id }]);
  expect((await inspect('--type', 'pod', 'bird')).stderr).toContain('"pod" is not a valid value for --type');
  expect((await inspect()).stderr).toContain('"skiff inspect" requires at least 1 argument.');
});

it('images and volumes are told, too, by their own names', async () => {
  await run(['volume', 'create', 'data'], { root: root.path });
  const { stdout } = await inspect('-f', '{{.Name}} {{.Mountpoint}}', 'data');
  expect(stdout).toBe(`data ${root.path}/volumes/data/_data\n`);
  await run(['run', 'true'], { root: root.path });
  expect((await inspect('-f', '{{index .RepoTags 0}}', 'busybox')).stdout).toBe('busybox:latest\n');
  expect((await inspect('--type', 'container', 'data')).stderr).toBe('skiff: no such container: data\n');
  expect((await inspect('No_Image')).stderr).toBe('skiff: no such object: No_Image\n');
});

describe('a running container', () => {
  const skiff = useSkiff();

  it('is told as the kernel sees it', async () => {
    await using container = await waiting(skiff(), { name: 'seen' });
    const ran = await run(['inspect', '-s', 'seen'], { root: skiff().root });
    expect(JSON.parse(ran.stdout.toString())).toMatchObject([
      {
        Id: container.id,
        State: { Status: 'running', Running: true, Pid: container.pid },
        SizeRw: expect.any(Number) as number,
      },
    ]);
  });

  it('ends with its exit code', async () => {
    await skiff().run(sh('exit 3'), { name: 'ended', keep: true });
    const ran = await run(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'ended'], {
      root: skiff().root,
    });
    expect(ran.stdout.toString()).toBe('exited 3\n');
    await skiff().remove('ended');
  });
});
