'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { writeEsmEntry } = require('./build-esm');
const { nodeGyp, nodeHeaders } = require('./build-requirements');

/** Distance between the clock and the coarser one that the kernel stamps files with. */
const CLOCK_MARGIN_MS = 20;
const MAKE_JOBS = '2';

/**
 * What a checkout is built of, in the order in which one needs the other. A piece counts only with its stamp, which
 * comes last: whatever a killed build leaves is never taken for complete.
 */
class Pieces {
  /** @param {string} root a checkout, or an installed package, which lacks nothing but the native code */
  constructor(root) {
    this.root = root;
    this.isCheckout = fs.existsSync(this.#at('tsconfig.build.json'));
    this.dependencies = this.#dependencyPiece();
    this.native = this.#nativePiece();
    this.all = this.isCheckout ? [this.dependencies, this.native, this.#typescriptPiece()] : [this.native];
  }

  /** Take off the stamps of our own pieces, so that they are built from nothing. */
  forget() {
    for (const { stamp } of this.all.filter(({ isOurs }) => isOurs)) fs.rmSync(stamp, { force: true });
  }

  /** What builders that were killed left; only for the holder of the lock. */
  removeRemains() {
    for (const name of fs.readdirSync(this.root).filter(entry => /^\.build-(dist|old)-/.test(entry))) {
      fs.rmSync(this.#at(name), { recursive: true });
    }
  }

  #dependencyPiece() {
    const stamp = this.#at('node_modules', '.package-lock.json');
    return {
      name: 'dependencies',
      stamp,
      isOurs: false,
      isMissing: () => !fs.existsSync(stamp),
      isStale: () => !hasVersions(stamp, this.#at('package-lock.json')),
      // With the development dependencies whatever NODE_ENV says: tsc is one of them.
      build: log => log.run('npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']),
    };
  }

  #nativePiece() {
    const stamp = this.#at('build', 'complete');
    return {
      name: 'native code',
      stamp,
      isOurs: true,
      isMissing: () => !isThere(stamp),
      isStale: () => isOlder(stamp, [this.#at('csrc'), this.#at('binding.gyp')]),
      build: log => this.#buildNative(log, stamp),
    };
  }

  #typescriptPiece() {
    const stamp = this.#at('dist', 'bundle', '.complete');
    const sources = [
      'lib',
      'scripts/bundle.js',
      'scripts/bundle-warm.js',
      'tsconfig.json',
      'tsconfig.build.json',
      'package.json',
    ].map(name => this.#at(name));
    return {
      name: 'TypeScript',
      stamp,
      isOurs: true,
      isMissing: () => !fs.existsSync(stamp),
      isStale: () => isOlder(stamp, sources),
      build: log => this.#compile(log),
    };
  }

  async #buildNative(log, stamp) {
    const started = Date.now();
    // Objects are taken over from a build that ended well only: a killed compiler leaves half of one.
    const commands = isThere(stamp) ? ['configure', 'build'] : ['rebuild'];
    fs.rmSync(stamp, { force: true });
    const headers = process.env.npm_config_nodedir ?? nodeHeaders();
    const gyp = nodeGyp(this.root);
    for (const command of commands) {
      const flags = ['--jobs', MAKE_JOBS, ...(headers ? ['--nodedir', headers] : [])];
      await log.run(process.execPath, [gyp, command, ...flags]);
    }
    for (const product of ['skiff.node', 'skiff-init']) fs.accessSync(this.#at('build', 'Release', product));
    // In a checkout a link to npm's record: bin/run sees by it whether the dependencies are there, too.
    const target = this.isCheckout ? '../node_modules/.package-lock.json' : 'Release/skiff.node';
    fs.symlinkSync(target, stamp);
    stampTime(stamp, started);
  }

  async #compile(log) {
    const started = Date.now();
    const dist = this.#at('dist');
    const fresh = this.#at(`.build-dist-${process.pid}`);
    const old = this.#at(`.build-old-${process.pid}`);
    await log.run(process.execPath, [
      this.#tool('typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      fresh,
    ]);
    writeEsmEntry(fresh);
    await log.run(process.execPath, [this.#at('scripts', 'bundle.js'), fresh]);
    const stamp = path.join(fresh, 'bundle', '.complete');
    fs.writeFileSync(stamp, '');
    stampTime(stamp, started);
    if (fs.existsSync(dist)) fs.renameSync(dist, old);
    fs.renameSync(fresh, dist);
    fs.rmSync(old, { recursive: true, force: true });
  }

  #tool(file) {
    try {
      return require.resolve(file, { paths: [this.root] });
    } catch (error) {
      throw new Error(
        `cannot build: ${file} is not installed\nInstall what is missing: npm ci --ignore-scripts`,
        {
          cause: error,
        },
      );
    }
  }

  #at(...names) {
    return path.join(this.root, ...names);
  }
}

/** A link counts as itself, wherever it leads. */
function isThere(file) {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** What changes while it is built has to be newer than the stamp: that is of the time when building began. */
function stampTime(file, startedMs) {
  const seconds = (startedMs - CLOCK_MARGIN_MS) / 1000;
  fs.lutimesSync(file, seconds, seconds);
}

function isOlder(stamp, sources) {
  const built = fs.lstatSync(stamp).mtimeMs;
  return sources.some(source => newest(source) > built);
}

/** Directories count themselves: their time tells of files that were removed. */
function newest(file) {
  const about = fs.statSync(file);
  if (!about.isDirectory()) return about.mtimeMs;
  return Math.max(about.mtimeMs, ...fs.readdirSync(file).map(name => newest(path.join(file, name))));
}

/** Whether npm's record of what is installed has the versions that the lock file asks for. */
function hasVersions(installedFile, lockFile) {
  const installed = JSON.parse(fs.readFileSync(installedFile, 'utf8')).packages;
  const wanted = JSON.parse(fs.readFileSync(lockFile, 'utf8')).packages;
  // '' is the package itself; what is optional may be for another platform.
  return Object.entries(wanted).every(
    ([name, { version, optional }]) => name === '' || optional || installed[name]?.version === version,
  );
}

module.exports = { Pieces };
