import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';

export interface Started {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A tool notes its call in `tools.log`. The one that HOLD names goes on when the file `release` is there. */
const NOTE = `
const fs = require('node:fs'), path = require('node:path');
const sleep = ms => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
function note(call) {
  fs.appendFileSync('tools.log', call + '\\n');
  for (let tries = 0; call === process.env.HOLD && tries < 1000 && !fs.existsSync('release'); tries += 1) sleep(20);
  sleep(Number(process.env.SLOW ?? 0));
}
`;

/** npm: what it installs is of the same kind. */
const NPM = `#!${process.execPath}
${NOTE}
note('npm ' + process.argv[2]);
if (process.env.NPM_FAILS) {
  for (let line = 1; line <= 40; line += 1) console.log('npm output, line ' + line);
  process.exit(1);
}
fs.cpSync('tools', 'node_modules', { recursive: true });
fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;

const NODE_GYP = `${NOTE}
const command = process.argv[2];
note('node-gyp ' + command);
if (command !== 'configure') {
  fs.mkdirSync('build/Release', { recursive: true });
  for (const name of ['skiff.node', 'skiff-init']) fs.writeFileSync('build/Release/' + name, '');
}
`;

const TSC = `${NOTE}
const out = process.argv[process.argv.indexOf('--outDir') + 1];
note('tsc');
fs.mkdirSync(path.join(out, 'cli'), { recursive: true });
fs.mkdirSync(path.join(out, 'commands'));
fs.writeFileSync(path.join(out, 'index.js'), 'exports.Skiff = class {};');
fs.mkdirSync(path.join(out, 'engine'));
for (const name of ['index', 'looking']) fs.writeFileSync(path.join(out, 'engine', name + '.js'), '');
fs.mkdirSync(path.join(out, 'spec/seccomp'), { recursive: true });
fs.writeFileSync(path.join(out, 'spec/capabilities.js'), 'exports.DEFAULT_CAPABILITIES = [];');
fs.writeFileSync(path.join(out, 'spec/seccomp/compile.js'),
  'exports.builtinProfile = () => ({}); exports.compileFilter = () => ({});');
fs.writeFileSync(path.join(out, 'spec/seccomp/filters.js'),
  'exports.precompiledText = () => ""; exports.precompiledName = (name, machine) => name + machine;');
fs.writeFileSync(path.join(out, 'commands/run.js'), 'exports.default = { name: "run" };');
fs.writeFileSync(path.join(out, 'cli/help.js'), 'exports.renderHelp = async ({ name }) => name;');
fs.writeFileSync(path.join(out, 'cli/main.js'),
  "exports.main = async argv => (require('node:fs').writeSync(1, argv.join('|')), argv.length);" +
  "exports.hasNativeCode = () => require('node:fs').existsSync(__dirname + '/../../prebuilds/here');");
`;

const ESBUILD = `${NOTE}
exports.build = async ({ entryPoints, outdir, banner, footer }) => {
  fs.mkdirSync(outdir, { recursive: true });
  for (const [name, file] of Object.entries(entryPoints)) {
    // What a plugin makes is in no file.
    const source = path.isAbsolute(file) ? fs.readFileSync(file, 'utf8') : '';
    fs.writeFileSync(outdir + '/' + name + '.js', banner.js + source + footer.js);
  }
};
`;

/**
 * A checkout whose build tools only write down that they were called: what is tested is who is called, when and how
 * often. The real tools build the real checkout before every test run.
 */
export class Checkout {
  private readonly directory = tempDirectory();
  private readonly children = new Set<ChildProcess>();
  /** In a place of its own below the checkout's parent, as a package is in node_modules. */
  readonly root = path.join(this.directory.path, 'skiffrun');
  readonly bin = path.join(this.directory.path, 'bin');

  constructor() {
    for (const part of ['bin', 'scripts'])
      fs.cpSync(path.join(projectRoot, part), this.at(part), { recursive: true });
    this.write('tsconfig.build.json', '{}');
    this.write('tsconfig.json', '{}');
    this.write('package.json', '{}');
    this.write('binding.gyp', '{}');
    this.write('lib/index.ts', '');
    this.write('csrc/core/a.c', '');
    this.write('csrc/core/b.c', '');
    this.lock({ typescript: '1.0.0' });
    this.write('tools/node-gyp/bin/node-gyp.js', NODE_GYP);
    this.write('tools/typescript/bin/tsc', TSC);
    this.write('tools/esbuild/index.js', ESBUILD);
    this.program('npm', NPM);
    for (const name of ['g++', 'make', 'python3']) this.program(name, '#!/bin/sh\n');
    fs.symlinkSync('/usr/bin/flock', path.join(this.bin, 'flock'));
  }

  at(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  write(name: string, content: string): void {
    fs.mkdirSync(path.dirname(this.at(name)), { recursive: true });
    fs.writeFileSync(this.at(name), content);
  }

  /** A package-lock.json with these versions. */
  lock(versions: Record<string, string>): void {
    const packages = Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }]);
    this.write(
      'package-lock.json',
      JSON.stringify({ packages: Object.fromEntries([['', {}], ...packages]) }),
    );
  }

  remove(...names: string[]): void {
    for (const name of names) fs.rmSync(this.at(name), { recursive: true });
  }

  /** Let no program of that name be found. */
  uninstall(name: string): void {
    fs.rmSync(path.join(this.bin, name));
  }

  /** Let a program of that name be found first. */
  program(name: string, text: string): void {
    fs.mkdirSync(this.bin, { recursive: true });
    fs.writeFileSync(path.join(this.bin, name), text, { mode: 0o755 });
  }

  /** Tools called since the last look. */
  called(): string[] {
    if (!fs.existsSync(this.at('tools.log'))) return [];
    const lines = fs.readFileSync(this.at('tools.log'), 'utf8').split('\n').filter(Boolean);
    this.remove('tools.log');
    return lines;
  }

  /** Start one of the checkout's scripts. */
  spawn(script: string, args: string[] = [], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [this.at(script), ...args], {
      env: { PATH: this.bin, TMPDIR: this.directory.path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.add(child);
    return child;
  }

  async run(script: string, args: string[] = [], env: Record<string, string> = {}): Promise<Started> {
    const child = this.spawn(script, args, env);
    const started: Started = { code: null, stdout: '', stderr: '' };
    child.stdout?.on('data', chunk => (started.stdout += chunk));
    child.stderr?.on('data', chunk => (started.stderr += chunk));
    [started.code] = (await once(child, 'close')) as [number | null];
    return started;
  }

  /** Logs that a build left. */
  logs(): string[] {
    return fs.readdirSync(this.directory.path).filter(name => name.startsWith('skiff-build-'));
  }

  async delete(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    this.directory.remove();
  }
}
