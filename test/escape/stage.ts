/** What attacks are aimed at, made for a test file, and the programs that attack. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Skiff } from '../../lib/engine';
import { tempDirectory } from '../helpers/temp';
import { buildStatic } from '../security/support';
import type { Targets } from './attacks';

/** Targets of the host, and the built programs in a directory that everybody can read. */
export class Stage {
  readonly directory = tempDirectory();
  readonly built = path.join(this.directory.path, 'attacks');
  readonly targets: Targets = {
    pid: 0,
    socket: `skiff-attack-${process.pid}`,
    memory: 0x5f000000 + process.pid,
    queue: `/skiff-attack-${process.pid}`,
    key: `skiff-attack-${process.pid}`,
    marker: path.join(this.directory.path, 'marker'),
  };
  private target: ChildProcess | undefined;
  private server: net.Server | undefined;

  async setUp(skiff: Skiff): Promise<void> {
    this.build();
    const { targets } = this;
    fs.writeFileSync(targets.marker, '');
    this.target = spawn('sleep', ['300'], { stdio: 'ignore' });
    targets.pid = this.target.pid!;
    this.server = net.createServer(socket => socket.destroy()).listen(`\0${targets.socket}`);
    await once(this.server, 'listening');
    const { stdout } = await skiff.run(['/attacks/user-key', targets.key, 'make'], {
      volumes: [`${this.built}:/attacks:ro`],
      securityOpt: ['seccomp=unconfined'],
    });
    expect(stdout).toContain('succeeded');
    expect(this.outside('shared-memory', [String(targets.memory), 'make'])).toContain('succeeded');
    expect(this.outside('message-queue', [targets.queue, 'make'])).toContain('succeeded');
  }

  private build(): void {
    fs.mkdirSync(this.built, { mode: 0o755 });
    fs.chmodSync(this.directory.path, 0o755);
    const sources = path.join(__dirname, 'programs');
    for (const file of fs.readdirSync(sources).filter(name => name.endsWith('.c'))) {
      buildStatic(path.join(sources, file), path.join(this.built, path.basename(file, '.c')));
    }
    fs.chmodSync(path.join(this.built, 'set-user-id'), 0o4755);
  }

  tearDown(): void {
    const { targets, built } = this;
    this.target?.kill('SIGKILL');
    this.server?.close();
    spawnSync('ipcrm', ['-M', String(targets.memory)]);
    spawnSync(path.join(built, 'remove-key'), [targets.key]);
    spawnSync(path.join(built, 'remove-queue'), [targets.queue]);
    this.directory.remove();
  }

  /** Run an attack without any container; where it needs something of its caller, that is there. */
  outside(program: string, args: string[]): string {
    const file = path.join(this.built, program);
    if (program === 'find-key') return this.withKey(file, args);
    const root = fs.openSync('/', 'r');
    try {
      const inRoot = program === 'chroot-escape' ? this.chrooted(file, args) : { command: file, args };
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
  private chrooted(file: string, args: string[]): { command: string; args: string[] } {
    const root = path.join(this.directory.path, 'root');
    fs.mkdirSync(root, { recursive: true });
    fs.copyFileSync(file, path.join(root, 'attack'));
    return { command: 'chroot', args: [root, '/attack', ...args] };
  }

  /** In a session keyring that has the key: a process of ours can not get one of its own by Node. */
  private withKey(file: string, [key = '']: string[]): string {
    return spawnSync(path.join(this.built, 'with-key'), [key, file, key], { encoding: 'utf8' }).stdout;
  }
}

/** A stage for all tests of a file. Call the result within a test. */
export function useStage(skiff: () => Skiff): () => Stage {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = new Stage();
    await stage.setUp(skiff());
  }, 120_000);
  afterAll(() => stage?.tearDown());
  return () => stage!;
}
