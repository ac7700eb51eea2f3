/**
 * Attacks from inside: each program tries one thing. First it succeeds in a control run, where that one protection is
 * switched off or outside of any container; then it fails in a container. SECURITY.md has the same table.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { useSkiff } from '../run/support';
import { buildStatic } from '../security/support';
import { ATTACKS, SANDBOX_ATTACKS, type Attack, type Targets } from './attacks';

const skiff = useSkiff();
const directory = tempDirectory();
const built = path.join(directory.path, 'attacks');
const targets: Targets = {
  pid: 0,
  socket: `skiff-attack-${process.pid}`,
  memory: 0x5f000000 + process.pid,
  queue: `/skiff-attack-${process.pid}`,
  key: `skiff-attack-${process.pid}`,
  marker: path.join(directory.path, 'marker'),
};
/** Exit code that the small init makes of it. */
const BY_FILTER = 128 + os.constants.signals.SIGSYS;
let target: ChildProcess;
let server: net.Server;

beforeAll(async () => {
  fs.mkdirSync(built, { mode: 0o755 });
  fs.chmodSync(directory.path, 0o755);
  const sources = path.join(__dirname, 'programs');
  for (const file of fs.readdirSync(sources).filter(name => name.endsWith('.c'))) {
    buildStatic(path.join(sources, file), path.join(built, path.basename(file, '.c')));
  }
  fs.chmodSync(path.join(built, 'set-user-id'), 0o4755);
  fs.writeFileSync(targets.marker, '');
  target = spawn('sleep', ['300'], { stdio: 'ignore' });
  targets.pid = target.pid!;
  server = net.createServer(socket => socket.destroy()).listen(`\0${targets.socket}`);
  await once(server, 'listening');
  const { stdout } = await skiff().run(['/attacks/user-key', targets.key, 'make'], {
    volumes: [`${built}:/attacks:ro`],
    securityOpt: ['seccomp=unconfined'],
  });
  expect(stdout).toContain('succeeded');
  expect(outside('shared-memory', [String(targets.memory), 'make'])).toContain('succeeded');
  expect(outside('message-queue', [targets.queue, 'make'])).toContain('succeeded');
}, 120_000);

afterAll(async () => {
  target.kill('SIGKILL');
  server.close();
  spawnSync('ipcrm', ['-M', String(targets.memory)]);
  spawnSync(path.join(built, 'remove-key'), [targets.key]);
  spawnSync(path.join(built, 'remove-queue'), [targets.queue]);
  directory.remove();
});

/** Run an attack without any container; where it needs something of its caller, that is there. */
function outside(program: string, args: string[]): string {
  const file = path.join(built, program);
  if (program === 'find-key') return withKey(file, args);
  const root = fs.openSync('/', 'r');
  try {
    const inRoot = program === 'chroot-escape' ? chrooted(file, args) : { command: file, args };
    const stdio = ['ignore', 'pipe', 'pipe', program === 'leaked-descriptor' ? root : 'ignore'] as const;
    const { stdout, stderr } = spawnSync(inRoot.command, inRoot.args, {
      stdio: [...stdio],
      encoding: 'utf8',
    });
    return stdout + stderr;
  } finally {
    fs.closeSync(root);
  }
}

/** In a root that is a directory and nothing else. */
function chrooted(file: string, args: string[]): { command: string; args: string[] } {
  const root = path.join(directory.path, 'root');
  fs.mkdirSync(root, { recursive: true });
  fs.copyFileSync(file, path.join(root, 'attack'));
  return { command: 'chroot', args: [root, '/attack', ...args] };
}

/** In a session keyring that has the key: a process of ours can not get one of its own by Node. */
function withKey(file: string, [key = '']: string[]): string {
  return spawnSync(path.join(built, 'with-key'), [key, file, key], { encoding: 'utf8' }).stdout;
}

/** What it said; or the signal of a filter that ended it. */
async function inside({ program, args, inVolume }: Attack, options: Attack['options'] = {}): Promise<string> {
  // A set-user-id bit is tried in the root of the container itself, too.
  const inRoot = program === 'set-user-id' && !inVolume;
  const volumes = inRoot ? [] : [`${built}:/attacks:ro`];
  const image = inRoot ? { rootfs: directory.path } : {};
  const { stdout, stderr, exitCode } = await skiff().run(
    [`/attacks/${program}`, ...(args?.(targets) ?? [])],
    {
      volumes,
      ...image,
      ...options,
    },
  );
  return exitCode === BY_FILTER ? 'ended by SIGSYS\n' : stdout + stderr;
}

async function control(attack: Attack): Promise<string> {
  return attack.control === 'outside'
    ? outside(attack.program, (attack.controlArgs ?? attack.args)?.(targets) ?? [])
    : inside(attack, attack.control);
}

describe('a container of the defaults', () => {
  for (const attack of ATTACKS) {
    const isThere = attack.needs === undefined || fs.existsSync(attack.needs);
    itIf(isThere, `this kernel has no ${attack.needs}`)(attack.name, async () => {
      expect(await control(attack)).toBe('succeeded\n');
      expect(await inside(attack, attack.options)).toMatch(/^(?!succeeded).+\n$/);
    });
  }
});

describe('the sandbox', () => {
  for (const attack of SANDBOX_ATTACKS) {
    test(attack.name, async () => {
      expect(await control(attack)).toBe('succeeded\n');
      expect(await inside(attack, { profile: 'sandbox' })).toMatch(/^(?!succeeded).+\n$/);
    });
  }

  // The controls are those above.
  for (const attack of ATTACKS.filter(({ control }) => control !== 'outside')) {
    const isThere = attack.needs === undefined || fs.existsSync(attack.needs);
    itIf(isThere, `this kernel has no ${attack.needs}`)(attack.name, async () => {
      const { tmpfs, readOnly } = attack.options ?? {};
      const result = await inside(attack, {
        ...(tmpfs && { tmpfs }),
        ...(readOnly && { readOnly }),
        profile: 'sandbox',
      });
      expect(result).toMatch(/^(?!succeeded).+\n$/);
    });
  }
});

test('what looks like /proc and is none is not written to', async () => {
  const fake = path.join(directory.path, 'proc', 'self');
  fs.mkdirSync(fake, { recursive: true });
  const file = path.join(fake, 'oom_score_adj');
  fs.writeFileSync(file, 'as it was');
  const start = (volumes: string[]) => skiff().run(['true'], { volumes, oomScoreAdj: 100 });
  await expect(start([`${path.dirname(fake)}:/proc`])).rejects.toThrow('cannot start the container');
  expect(fs.readFileSync(file, 'utf8')).toBe('as it was');
  expect((await start([])).exitCode).toBe(0);
});

test.each(['/proc/self/fd/7', '/proc/self/fd/8/', '/proc/1/root/../..'])(
  'a working directory %s does not lead outside',
  async cwd => {
    const host = fs.statSync('/');
    const command = ['stat', '-c', '%d:%i', '.'];
    const outcome = await skiff()
      .run(command, { cwd })
      .then(
        ({ stdout }) => stdout.trim(),
        (error: Error) => error.message,
      );
    expect(outcome).not.toBe(`${host.dev}:${host.ino}`);
  },
);

test('SECURITY.md tells of each attack', () => {
  const text = fs.readFileSync(path.join(projectRoot, 'SECURITY.md'), 'utf8');
  const rows = new Set([...text.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, name]) => name));
  const untold = [...ATTACKS, ...SANDBOX_ATTACKS].filter(({ name }) => !rows.has(name));
  expect(untold.map(({ name }) => name)).toEqual([]);
});
