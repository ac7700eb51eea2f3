/**
 * The peers: those that this machine has answer, or say why not; docker and the npm package are played by small
 * programs where they are not there, to see what they are asked for and that nothing of it is left.
 */
import fs from 'node:fs';
import path from 'node:path';
import { mountPoints } from '../../lib/bench/mountinfo';
import { PEER_NAMES, peerRows } from '../../lib/bench/peers';
import { BenchSession } from '../../lib/bench/session';
import { describeIf } from '../helpers/conditions';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';

const PACKAGE = '@anthropic-ai/sandbox-runtime';

describeIf(
  process.geteuid?.() === 0 && canLimit,
  'root is needed to start containers with the limits that are measured',
  'root',
)('on this machine', () => {
  test('each peer answers or says why not, and leaves no cgroup and no mount', async () => {
    const parent = tempRoot();
    {
      await using session = await BenchSession.open({ parent });
      const found = await peerRows([...PEER_NAMES, 'toaster'], session);
      try {
        const names = [...found.rows, ...found.missing].map(({ name }) => name);
        expect(names.sort()).toEqual([...PEER_NAMES, 'toaster'].sort());
        for (const { reason } of found.missing) expect(reason).toMatch(/\w/);
        expect(found.missing.find(({ name }) => name === 'toaster')!.reason).toMatch(
          /^unknown; known are bwrap/,
        );
        for (const row of found.rows) expect(await row.round()).toBeGreaterThan(0);
      } finally {
        for (const row of found.rows) await row.close?.();
      }
    }
    expect(mountPoints().filter(mountPoint => mountPoint.startsWith(parent))).toEqual([]);
    expect(benchCgroups()).toEqual([]);
    expect(fs.readdirSync(parent)).toEqual([]);
  }, 60_000);
});

describe('played by a small program', () => {
  const path0 = process.env.PATH;
  const cwd0 = process.cwd();
  let directory: ReturnType<typeof tempDirectory>;
  beforeEach(() => {
    directory = tempDirectory();
  });
  afterEach(() => {
    process.env.PATH = path0;
    process.chdir(cwd0);
    directory.remove();
  });

  /** A docker that writes down what it is asked for, and fails at the commands that begin so. */
  function playDocker(failing = 'nothing'): () => string[] {
    const log = path.join(directory.path, 'log');
    const program = path.join(directory.path, 'docker');
    const script = `#!/bin/sh
echo "$*" >> ${log}
case $1 in
${failing}) echo "docker: no luck" >&2; exit 1 ;;
import) cat > ${directory.path}/image ;;
esac
`;
    fs.writeFileSync(program, script, { mode: 0o755 });
    process.env.PATH = `${directory.path}:${path0}`;
    return () => fs.readFileSync(log, 'utf8').trim().split('\n');
  }

  test('docker is given the layer as an image, which goes again', async () => {
    const log = playDocker();
    const layer = path.join(directory.path, 'layer');
    fs.mkdirSync(path.join(layer, 'bin'), { recursive: true });
    const { rows, missing } = await peerRows(['docker'], { layer, directory: directory.path });
    expect(missing).toEqual([]);
    await rows[0]!.close!();
    const image = `skiff-bench-${process.pid}`;
    const run = `run --rm --network none --memory 256m --log-driver none ${image} /bin/true`;
    expect(log()).toEqual([
      'version --format {{.Server.Version}}',
      `import - ${image}`,
      run,
      '--version',
      run,
      `image rm --force ${image}`,
    ]);
    expect(fs.readFileSync(path.join(directory.path, 'image')).includes('./bin')).toBe(true);
  });

  test.each([
    ['version', 1],
    ['run', 4],
  ])('a docker that fails at %s is missing, and leaves no image', async (failing, calls) => {
    const log = playDocker(failing);
    const options = { layer: directory.path, directory: directory.path };
    const { rows, missing } = await peerRows(['docker'], options);
    expect(rows).toEqual([]);
    expect(missing).toEqual([{ name: 'docker', reason: 'docker: docker: no luck' }]);
    expect(log()).toHaveLength(calls);
  });

  function playPackage(source: string): void {
    const home = path.join(directory.path, 'node_modules', PACKAGE);
    fs.mkdirSync(home, { recursive: true });
    const about = { name: PACKAGE, version: '1.2.3', type: 'module', main: './index.js' };
    fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify(about));
    fs.writeFileSync(path.join(home, 'index.js'), source);
    process.chdir(directory.path);
  }

  test('the npm package of the working directory is asked for a wrapped command in each round', async () => {
    playPackage(`import fs from 'node:fs';
      const log = text => fs.appendFileSync(${JSON.stringify(path.join(directory.path, 'log'))}, text + ' ');
      export const SandboxManager = {
        initialize: async () => log('initialize'),
        wrapWithSandbox: async command => (log('wrap'), 'test ' + command + ' = /bin/true'),
        reset: async () => log('reset'),
      };`);
    const { rows, missing } = await peerRows(['sandbox-runtime'], { layer: '/', directory: directory.path });
    expect(missing).toEqual([]);
    expect(rows[0]!.title).toBe(`${PACKAGE} 1.2.3`);
    expect(await rows[0]!.round()).toBeGreaterThan(0);
    await rows[0]!.close!();
    expect(fs.readFileSync(path.join(directory.path, 'log'), 'utf8')).toBe(
      'initialize wrap wrap wrap reset ',
    );
  });

  test('what the npm package lacks is its reason', async () => {
    playPackage(`export const SandboxManager = {
      initialize: async () => { throw new Error('socat not installed'); },
      reset: async () => undefined,
    };`);
    const { rows, missing } = await peerRows(['sandbox-runtime'], { layer: '/', directory: directory.path });
    expect(rows).toEqual([]);
    expect(missing).toEqual([{ name: 'sandbox-runtime', reason: 'socat not installed' }]);
  });
});

function benchCgroups(): string[] {
  const root = '/sys/fs/cgroup';
  return [root, ...fs.readdirSync(root).map(name => path.join(root, name))]
    .filter(directory => fs.statSync(directory).isDirectory())
    .flatMap(directory => fs.readdirSync(directory))
    .filter(name => name.startsWith('bench-') && name.endsWith(`-${process.pid}`));
}
