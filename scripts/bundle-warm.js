'use strict';

// node scripts/bundle-warm.js DIST: the machine code of what a start calls, for the parts of the bundle that start
// containers. V8 puts in what was compiled by then: so `run` is called here, by a process whose addon does nothing. With
// every function of these parts in it, half of the time that it takes to read it would be for such as nobody calls;
// what is missing is compiled when it is called.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');

/** Parts that are mostly for starting containers. */
const WARM = ['engine', 'engine-detached', 'run'];

/** What starts are mostly: plain, of an image, with limits and mounts, and in the background, up to its monitor. */
const COMMANDS = [
  ['run', 'true'],
  ['run', 'stored', 'true'],
  ['run', '-m', '64m', '-e', 'NAME=value', '-v', '/tmp:/data', '--name', 'bird', 'true'],
  ['run', '-d', '-v', 'data:/data', 'true'],
];

const dist = path.resolve(process.argv[2]);
const directory = path.join(dist, 'bundle');

/** Descriptors that are none. */
const FD = 1 << 20;
const HEX = '0'.repeat(64);

/** Replies of the addon where nothing is done, see lib/native. */
function idleAddon() {
  const watchdog = { pid: process.pid, pidfd: FD, pipe: FD + 1 };
  let watchdogEnds = () => {};
  const known = {
    openInit: () => FD + 2,
    openNull: () => FD + 3,
    startReaper: () => 1,
    randomId: () => HEX,
    startCompanion: async () => watchdog,
    makeMountBase: async () => FD + 4,
    readFileInRoot: () => Buffer.from('root:x:0:0:root:/root:/bin/sh\n'),
    makeDirectory,
    tryLock: () => true,
    start: async ({ directory: container, cgroups = [] }) => {
      makeDirectory(container);
      fs.writeFileSync(path.join(container.path, 'init'), `${process.pid} 1`);
      const made = cgroups.map(() => true);
      return { pid: process.pid, pidfd: FD + 5, pipe: -1, terminal: -1, guarded: true, cgroupsMade: made };
    },
    watchExit: ({ pidfd, last }, onExit) => {
      const status = { code: 0, signal: null, cpuUs: 0, maxRssBytes: 0, endedNs: 0 };
      const ends = () => setImmediate(onExit, status, last && { readyNs: 0, removed: removed(last) });
      if (pidfd === watchdog.pidfd) watchdogEnds = ends;
      else ends();
    },
    close: ({ fds }) => fds.includes(watchdog.pipe) && watchdogEnds(),
    remove: async options => removed(options),
    removeTrees: async () => {},
    makeWriteLayer: async ({ writeLayer }) => fs.mkdirSync(writeLayer, { recursive: true }),
    startMonitor: () => Promise.reject(new Error('no container is started here')),
  };
  return new Proxy(known, { get: (_, name) => known[name] ?? (() => undefined) });
}

function removed({ trees, counters = [] }) {
  for (const tree of trees) fs.rmSync(tree, { recursive: true, force: true });
  return { busy: [], counts: counters.map(() => 0) };
}

function makeDirectory({ path: directory, record }) {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'state.json'), record);
}

/** This process is taken for the host's root, whoever builds. */
function beRoot() {
  process.geteuid = () => 0;
  const { readFileSync, readlinkSync, statSync } = fs;
  const status = 'Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n';
  fs.readFileSync = (file, ...rest) =>
    file === '/proc/self/status' ? status : readFileSync.call(fs, file, ...rest);
  // The host's user namespace has this number on every machine: PROC_USER_INIT_INO of the kernel.
  fs.readlinkSync = (file, ...rest) =>
    file === '/proc/self/ns/user' ? 'user:[4026531837]' : readlinkSync.call(fs, file, ...rest);
  fs.statSync = (...args) => {
    const stat = statSync.apply(fs, args);
    if (stat) stat.uid = typeof stat.uid === 'bigint' ? 0n : 0;
    return stat;
  };
}

/** Fill a root with what starts before have found out, and with an image. */
function fillRoot(root) {
  const load = module => require(path.join(dist, module));
  const { bundledImage, bundledTar } = load('image/bundled.js');
  const images = load('image/files.js').imagePaths(root);
  const tars = load('layers/paths.js').tarIndexDirectory(root);
  const drivers = path.join(root, 'drivers');
  const layer = path.join(root, 'images', 'layers', HEX);
  for (const made of [layer, tars, images.records, drivers]) {
    fs.mkdirSync(made, { recursive: true });
  }
  const key = load('layers/tar-index.js').tarKey(fs.statSync(bundledTar(), { bigint: true }));
  fs.symlinkSync(path.relative(tars, layer), path.join(tars, key));
  const { hex, record } = bundledImage(root);
  fs.writeFileSync(images.record(hex), JSON.stringify(record));
  const refs = { 'docker.io/library/stored:latest': hex };
  fs.writeFileSync(images.refs, JSON.stringify({ version: 1, refs }));
  const names = load('workspace/select.js').storageDrivers();
  const known = `overlay.${load('common/identity.js').bootId()}.${fs.statSync(root).dev.toString(36)}`;
  fs.symlinkSync(known, path.join(drivers, names.map(({ name }) => name).join('-')));
}

/** As bin/run loads the bundle, but that the addon is another one and that the scripts are kept. */
class Loader {
  scripts = new Map();
  #modules = new Map();
  #addon = idleAddon();

  load(id) {
    if (id.endsWith('.node')) return this.#addon;
    return id.startsWith('./') ? this.#loadPart(id.slice(2)) : require(id);
  }

  #loadPart(name) {
    if (this.#modules.has(name)) return this.#modules.get(name).exports;
    const filename = path.join(directory, `${name}.js`);
    // The name is part of the machine code.
    const script = new vm.Script(fs.readFileSync(filename, 'latin1'), { filename: `dist/bundle/${name}.js` });
    const module = { exports: {} };
    this.scripts.set(name, script);
    this.#modules.set(name, module);
    script.runInThisContext()(module.exports, id => this.load(id), module, filename, directory);
    return module.exports;
  }
}

async function warm() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-bundle-'));
  try {
    fillRoot(root);
    beRoot();
    const loader = new Loader();
    const { main } = loader.load('./main');
    const codes = [];
    for (const command of COMMANDS) codes.push(await main(['--root', root, ...command]));
    if (codes[0] !== 0) throw new Error(`run: exit code ${codes[0]}`);
    for (const name of WARM) {
      fs.writeFileSync(path.join(directory, `${name}.cache`), loader.scripts.get(name).createCachedData());
    }
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

warm().catch(error => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
