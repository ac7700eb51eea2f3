'use strict';

// Builds what a checkout lacks: node_modules, the addon with its init, dist. Only node's own modules are used here:
// this runs when nothing else is there yet.
const fs = require('node:fs');
const path = require('node:path');
const { Progress } = require('./progress');
const { withLock } = require('./build-lock');
const { runLogged } = require('./run-logged');
const { writeEsmEntry } = require('./esm-entry');

const root = path.join(__dirname, '..');
const at = (...names) => path.join(root, ...names);

/** The pieces in the order they need each other. The product of each appears last: half of one never counts. */
const pieces = [
  { name: 'dependencies', product: at('node_modules', '.package-lock.json'), sources: [], build: installDependencies },
  { name: 'native code', product: at('build', 'Release', '.complete'), sources: ['csrc', 'binding.gyp'], build: buildNative },
  { name: 'TypeScript', product: at('dist', 'cli', 'main.js'), sources: ['lib', 'tsconfig.build.json'], build: compile },
];

/**
 * Build what is missing; at once where nothing is. Safe when several start at the same time: one builds, the others wait.
 *
 * @param {{ compareSources?: boolean }} [options] also what is older than its sources
 */
async function buildMissing({ compareSources = false } = {}) {
  const wanted = () => pieces.filter(piece => isMissing(piece) || (compareSources && isStale(piece)));
  if (wanted().length === 0) return;
  await withLock(at('.build-lock'), () => build(wanted()));
}

/** Build everything but the dependencies anew. */
async function buildAll() {
  await withLock(at('.build-lock'), () => build(pieces.filter(piece => piece.sources.length > 0 || isMissing(piece))));
}

async function build(wanted) {
  if (wanted.length === 0) return;
  if (wanted.some(({ name }) => name === 'native code')) requireCompiler();
  const progress = new Progress('skiff: building what is missing (once, about a minute)');
  try {
    for (const { name, build: make } of wanted) {
      progress.step(name);
      await make();
    }
  } finally {
    progress.end();
  }
}

function isMissing({ product }) {
  // An installed package finds its dependencies beside it, not below it.
  if (product.includes('node_modules') && root.split(path.sep).includes('node_modules')) return false;
  return !fs.existsSync(product);
}

function isStale({ product, sources }) {
  const built = fs.statSync(product).mtimeMs;
  return sources.some(source => newest(at(source)) > built);
}

function newest(file) {
  const about = fs.statSync(file, { throwIfNoEntry: false });
  if (!about) return 0;
  if (!about.isDirectory()) return about.mtimeMs;
  return Math.max(0, ...fs.readdirSync(file).map(name => newest(path.join(file, name))));
}

function requireCompiler() {
  const missing = [
    ['g++', 'g++'],
    ['make', 'make'],
    ['python3', 'python3'],
  ].filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  throw new Error(
    `cannot build the native code: ${missing.map(([program]) => program).join(', ')} not found in PATH\n` +
      `Install it: apt-get install -y ${missing.map(([, name]) => name).join(' ')} musl-tools`,
  );
}

function onPath(program) {
  return (process.env.PATH ?? '').split(':').some(directory => {
    try {
      fs.accessSync(path.join(directory, program), fs.constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function installDependencies() {
  await runLogged('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], root);
}

/** node-gyp builds in place; the mark that all of it is there is made last. */
async function buildNative() {
  const mark = at('build', 'Release', '.complete');
  fs.rmSync(mark, { force: true });
  const gyp = require.resolve('node-gyp/bin/node-gyp.js', { paths: [root] });
  await runLogged(process.execPath, [gyp, 'configure'], root);
  await runLogged(process.execPath, [gyp, 'build', '--jobs', '2'], root);
  fs.writeFileSync(mark, '');
}

async function compile() {
  const fresh = at(`.build-dist-${process.pid}`);
  const old = at(`.build-old-${process.pid}`);
  try {
    const tsc = require.resolve('typescript/bin/tsc', { paths: [root] });
    await runLogged(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], root);
    writeEsmEntry(fresh);
    if (fs.existsSync(at('dist'))) fs.renameSync(at('dist'), old);
    fs.renameSync(fresh, at('dist'));
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
    fs.rmSync(old, { recursive: true, force: true });
  }
}

module.exports = { buildMissing, buildAll };
