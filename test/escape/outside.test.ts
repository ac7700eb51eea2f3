/** Attacks whose success is seen outside: at a terminal, in a mount table, in files of the host. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, run, skiffProgram } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { sh, useSkiff } from '../run/support';
import { buildStatic } from '../security/support';

const skiff = useSkiff();
/** Sets a terminal's title. */
const SEQUENCE = '\x1b]0;evil\x07';

let directory: { path: string; remove(): void };
const at = (name: string) => path.join(directory.path, name);

beforeAll(() => {
  directory = tempDirectory();
  for (const name of ['in-terminal', 'push-input', 'write-running'])
    buildStatic(path.join(__dirname, 'programs', `${name}.c`), at(name));
});
afterAll(() => directory.remove());

/** A command with a terminal of its own: what it wrote to it, and what waits in the terminal's input after its end. */
function inTerminal(...command: string[]): { written: string; waiting: number } {
  const env = { ...process.env, SKIFF_ROOT: fileRoot() };
  const { stdout, stderr } = spawnSync(at('in-terminal'), command, {
    encoding: 'utf8',
    env,
    timeout: 30_000,
  });
  return { written: stdout, waiting: Number(/(\d+) waiting/.exec(stderr)?.[1]) };
}

describe("the caller's terminal", () => {
  const volume = () => ['-v', `${directory.path}:/p:ro`, '/p/push-input', '0'];

  test.each([[['-it']], [['-i']], [[]]])('no input is pushed into it, run %j', flags => {
    expect(inTerminal(at('push-input'), '0')).toEqual({ written: 'succeeded\n', waiting: 1 });
    expect(inTerminal(skiffProgram, 'run', ...flags, ...volume())).toMatchObject({ waiting: 0 });
  });

  test('names from inside do not steer it: top, ps, diff, errors', async () => {
    expect(inTerminal('printf', '%s', SEQUENCE).written).toBe(SEQUENCE);
    const script = `touch "/tmp/$1"; exec "$0" -c 'echo up; while :; do sleep 1; done' "$1"`;
    const command = ['sh', '-c', script, 'sh', SEQUENCE];
    const started = await run(['run', '-d', '--name', 'steering', ...command]);
    expect(started).toMatchObject({ code: 0, stderr: '' });
    for (const words of [
      ['top', 'steering'],
      ['ps', '--no-trunc'],
      ['ps', '--format', '{{.Command}}', '--no-trunc'],
      ['diff', 'steering'],
      ['exec', 'steering', SEQUENCE],
      ['cp', `steering:/${SEQUENCE}`, '-'],
    ]) {
      const { written } = inTerminal(skiffProgram, ...words);
      expect({ words, written }).toEqual({ words, written: expect.stringContaining('evil') });
      expect(written).not.toMatch(/[\x00-\x09\x0b\x0c\x0e-\x1f]/);
    }
    await run(['rm', '-f', 'steering']);
  }, 60_000);
});

describe('mounts made inside', () => {
  const script = 'mkdir -p /v/m && mount -t tmpfs inside /v/m && echo up && cat';
  const admin = { capAdd: ['SYS_ADMIN'], securityOpt: ['seccomp=unconfined'] };

  /** Whether a mount that a container made in a volume is seen on the host while the container runs. */
  async function comesOut(mode: string): Promise<boolean> {
    const container = await skiff().start(sh(script), { ...admin, volumes: [`${at('shared')}:/v${mode}`] });
    await new Promise(resolve => container.stdout!.once('data', resolve));
    const seen = fs.readFileSync('/proc/self/mountinfo', 'utf8').includes(at('shared/m'));
    await container.remove();
    return seen;
  }

  test('do not come out by a volume, unless the volume was asked for with rshared', async () => {
    fs.mkdirSync(at('shared'));
    const mount = (...args: string[]) => expect(spawnSync('mount', args).status).toBe(0);
    mount('--bind', at('shared'), at('shared'));
    mount('--make-shared', at('shared'));
    try {
      expect(await comesOut(':rshared')).toBe(true);
      spawnSync('umount', [at('shared/m')]);
      expect(await comesOut('')).toBe(false);
      expect(await comesOut(':rslave')).toBe(false);
    } finally {
      spawnSync('umount', ['-R', at('shared')]);
    }
  });
});

test('no program of a process that comes into a container can be written to, tried again and again', async () => {
  const volumes = [`${at('write-running')}:/attack:ro`];
  // The control: a program of the host that ends, and can be written to then.
  fs.copyFileSync('/bin/sleep', at('busy'));
  const script = `"$1" 0.3 & "$2" 10 5000 /usr/`;
  const control = spawnSync(
    'unshare',
    ['-pf', '--mount-proc', 'sh', '-c', script, 'sh', at('busy'), at('write-running')],
    { encoding: 'utf8', timeout: 90_000 },
  );
  expect(control.stdout).toBe('succeeded\n');
  const container = await skiff().start(['/attack', '200', '20', '/bin/'], { volumes, init: true });
  let said = '';
  container.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = container.wait();
  let isOver = false;
  void ended.finally(() => (isOver = true));
  while (!isOver) await container.execToEnd(['true']).catch(() => (isOver = true));
  await ended;
  expect(said).toBe('Operation not permitted\n');
}, 180_000);

describe('texts of the user', () => {
  test('a shell never sees a name, label, variable, path or argument', async () => {
    const marker = at('run-by-a-shell');
    const evil = `$(touch ${marker})\`touch ${marker}\`; touch ${marker} #`;
    expect(spawnSync('sh', ['-c', `echo ${evil}`]).status).toBe(0);
    expect(fs.existsSync(marker)).toBe(true);
    fs.rmSync(marker);
    for (const words of [
      ['run', '--name', evil, 'true'],
      ['run', '--hostname', evil, 'true'],
      [
        'run',
        '-d',
        '--name',
        'told',
        '-l',
        `a=${evil}`,
        '-e',
        `A=${evil}`,
        '--entrypoint',
        'echo',
        'busybox',
        evil,
      ],
      ['run', '-v', `${evil}:/v`, 'true'],
      ['run', '--image', evil, 'true'],
      ['run', '-w', `/${evil}`, 'true'],
      ['run', '-u', evil, 'true'],
      ['run', '--device', `/dev/${evil}`, 'true'],
      ['ps', '--filter', `label=${evil}`],
      ['inspect', evil],
      ['cp', `told:/${evil}`, directory.path],
      ['import', `./${evil}.tar`],
      ['volume', 'create', evil],
      ['rm', '-f', 'told'],
    ])
      await run(words, { cwd: directory.path });
    expect(fs.existsSync(marker)).toBe(false);
  }, 60_000);

  test('a state directory of another user is refused', async () => {
    const root = tempRoot();
    expect(await run(['run', 'true'], { root })).toMatchObject({ code: 0 });
    fs.chownSync(root, 12_345, 12_345);
    const refused = await run(['run', 'true'], { root });
    expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining('belongs to another user') });
  });
});
