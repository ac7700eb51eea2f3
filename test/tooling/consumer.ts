import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { isUser } from '../helpers/user-mode';
import type { Started } from './checkout';

/** All that the package may need on a machine: no compiler, no make, no python. flock is for a build, which says so. */
const PROGRAMS = ['node', 'npm', 'npx', 'sh', 'env', 'flock', ...(isUser ? ['readlink', 'uname'] : [])];
const INSTALL_MS = 180_000;

/** An empty folder on a machine without a compiler, for a program that uses the packed package. */
export class Consumer {
  private readonly directory = tempDirectory();
  private readonly bin = this.at('bin');
  readonly root = this.at('app');
  readonly package = path.join(this.root, 'node_modules', 'skiffrun');
  readonly tarball: string;

  constructor() {
    for (const directory of ['app', 'bin', 'tmp']) fs.mkdirSync(this.at(directory));
    for (const program of PROGRAMS) fs.symlinkSync(which(program), path.join(this.bin, program));
    const flags = ['--json', '--pack-destination', this.directory.path];
    const packed = execFileSync('npm', ['pack', ...flags], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // What its scripts say comes first.
    const [{ filename }] = JSON.parse(packed.toString().replace(/^[^[]*/, '')) as [{ filename: string }];
    this.tarball = this.at(filename);
  }

  async install(): Promise<Started> {
    const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
    return this.run('npm', ['install', ...flags, path.relative(this.root, this.tarball)], INSTALL_MS);
  }

  /** Write a file of the program. */
  write(name: string, text: string): void {
    fs.writeFileSync(path.join(this.root, name), text);
  }

  /** Run a program of the machine in the folder. */
  async run(program: string, args: string[], timeoutMs = 30_000): Promise<Started> {
    const child = spawn(path.join(this.bin, program), args, {
      cwd: this.root,
      env: {
        HOME: process.env.HOME,
        PATH: this.bin,
        SKIFF_ROOT: fileRoot(),
        TMPDIR: this.at('tmp'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    const started: Started = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', chunk => (started.stdout += chunk));
    child.stderr.on('data', chunk => (started.stderr += chunk));
    [started.code] = (await once(child, 'close')) as [number | null];
    return started;
  }

  remove(): void {
    this.directory.remove();
  }

  private at(name: string): string {
    return path.join(this.directory.path, name);
  }
}

/** Where the shell finds a program. */
function which(program: string): string {
  return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim();
}
