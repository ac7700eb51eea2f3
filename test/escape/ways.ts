/** Attacks by the command lines of several runtimes: the flags have the same names. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunOptions } from '../../lib/engine/options';
import { projectRoot } from '../helpers/run';
import { UID, type User } from '../rootless/user';
import type { Attack } from './attacks';
import type { Stage } from './stage';

/** Exit code that a shell, an init or a runtime makes of it. */
const BY_FILTER = 128 + os.constants.signals.SIGSYS;
const TIMEOUT_MS = 30_000;

/** What came of it: `blocked` with the reason, or `succeeds`. */
export interface Outcome {
  status: 'blocked' | 'succeeds';
  said: string;
}

/** A runtime with its defaults. */
export interface Way {
  attack(attack: Attack): Promise<Outcome>;
}

function toOutcome(code: number | null, text: string): Outcome {
  if (code === BY_FILTER) return { status: 'blocked', said: 'ended by SIGSYS' };
  // The program says its reason with 1; all else is a runtime that did not run it.
  if (code !== 0 && code !== 1) throw new Error(`the attack did not run (${code}): ${text}`);
  return { status: text.startsWith('succeeded') ? 'succeeds' : 'blocked', said: text.trim() };
}

/** An attack's options as flags that Docker, podman and skiff have alike. */
function toFlags({ user, noNewPrivileges, readOnly, tmpfs = [], securityOpt = [] }: RunOptions): string[] {
  return [
    ...(user === undefined ? [] : ['--user', user]),
    ...(noNewPrivileges ? ['--security-opt', 'no-new-privileges'] : []),
    ...(readOnly ? ['--read-only'] : []),
    ...tmpfs.flatMap(text => ['--tmpfs', text]),
    ...securityOpt.flatMap(text => ['--security-opt', text]),
  ];
}

/** skiff of somebody without privileges, who owns a copy of the programs. */
export class RootlessWay implements Way {
  private readonly programs: string;
  private readonly root: string;

  constructor(
    private readonly user: User,
    private readonly stage: Stage,
    private readonly flags: readonly string[] = [],
  ) {
    this.root = path.join(user.home, 'root');
    this.programs = path.join(this.root, 'attacks');
    fs.cpSync(stage.built, this.programs, { recursive: true });
    for (const name of ['.', ...fs.readdirSync(this.programs)])
      fs.chownSync(path.join(this.programs, name), UID, UID);
    fs.chownSync(this.root, UID, UID);
    fs.chmodSync(path.join(this.programs, 'set-user-id'), 0o4755);
  }

  async attack({ program, args, options = {}, inVolume }: Attack): Promise<Outcome> {
    const inRoot = program === 'set-user-id' && !inVolume;
    const { code, stdout, stderr } = await this.user.skiff(
      'run',
      ...this.flags,
      ...(options.init ? ['--init'] : []),
      ...toFlags(options),
      ...(inRoot ? ['--rootfs', this.root] : ['--volume', `${this.programs}:/attacks:ro`]),
      `/attacks/${program}`,
      ...(args?.(this.stage.targets) ?? []),
    );
    return toOutcome(code, stdout + stderr);
  }
}

/** podman on a root file system of its own, with runc, as root. */
export class PodmanWay implements Way {
  private readonly place: string;
  private readonly rootfs: string;

  constructor(private readonly stage: Stage) {
    this.place = path.join(stage.directory.path, 'podman');
    this.rootfs = path.join(this.place, 'fs');
    fs.mkdirSync(this.rootfs, { recursive: true });
    spawnSync('tar', ['-xf', path.join(projectRoot, 'busybox.tar'), '-C', this.rootfs]);
    fs.cpSync(stage.built, path.join(this.rootfs, 'attacks'), { recursive: true });
    fs.chmodSync(path.join(this.rootfs, 'attacks', 'set-user-id'), 0o4755);
  }

  /** Why it can not be used here; undefined where it can. */
  static whyNot(): string | undefined {
    return ['podman', 'runc'].find(name => spawnSync(name, ['--version']).error !== undefined);
  }

  // Its own --init is a program that many machines do not have: PID 1 is the attack itself then.
  async attack({ program, args, options = {}, inVolume }: Attack): Promise<Outcome> {
    const volume = inVolume ? ['--volume', `${this.stage.built}:/attacks:ro`] : [];
    const command = [`/attacks/${program}`, ...(args?.(this.stage.targets) ?? [])];
    const { status, stdout, stderr } = this.podman(
      ...['run', '--rm', '--network', 'none', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'],
      ...toFlags(options),
      ...volume,
      ...['--rootfs', this.rootfs],
      ...command,
    );
    return toOutcome(status, stdout + stderr);
  }

  podman(...args: string[]) {
    const places = ['--root', path.join(this.place, 'root'), '--runroot', path.join(this.place, 'run')];
    const way = ['--storage-driver', 'vfs', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
    return spawnSync('podman', [...places, ...way, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS });
  }

  remove(): void {
    this.podman('system', 'reset', '--force');
  }
}
