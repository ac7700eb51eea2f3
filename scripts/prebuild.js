'use strict';

// Called by npm pack, before and after: puts this machine's native code where an installed package looks for it.
//   node scripts/prebuild.js            builds what is missing or older than its sources, and copies
//   node scripts/prebuild.js --remove   removes the copy
// For a package that serves several kinds of machines, run the first on one of each, and copy their directories below
// prebuilds/ to where npm pack is run.
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { buildMissing } = require('./build-missing');

/** Beside each addon: the hash of what it was built from. */
const HASH = 'sources.sha256';
const SOURCES = ['binding.gyp', 'csrc/addon', 'csrc/archive', 'csrc/core', 'csrc/init'];

const root = path.join(__dirname, '..');

async function prebuild() {
  await buildMissing({ compareSources: true });
  const { ADDON, INIT, nativeDirectory, prebuiltDirectory } = location();
  const directory = prebuiltDirectory(root);
  const hash = `${hashSources()}\n`;
  fs.rmSync(directory, { recursive: true, force: true });
  checkOthers(path.dirname(directory), hash);
  fs.mkdirSync(directory, { recursive: true });
  for (const name of [ADDON, INIT]) {
    fs.copyFileSync(path.join(nativeDirectory(), name), path.join(directory, name));
  }
  fs.writeFileSync(path.join(directory, HASH), hash);
}

/** Those of other machines are their owner's, and stay. */
async function remove() {
  const directory = location().prebuiltDirectory(root);
  fs.rmSync(directory, { recursive: true });
  if (fs.readdirSync(path.dirname(directory)).length === 0) fs.rmdirSync(path.dirname(directory));
}

/** The rule by which an installed package finds it, as built: there is one. */
function location() {
  return require('../dist/native/location');
}

/** The compiled TypeScript speaks with each addon of the package: all of them have to be of its own time. */
function checkOthers(prebuilds, hash) {
  const names = fs.existsSync(prebuilds) ? fs.readdirSync(prebuilds) : [];
  for (const name of names) {
    const directory = path.join(prebuilds, name);
    const file = path.join(directory, HASH);
    if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === hash) continue;
    throw new Error(
      `cannot pack: ${directory}: built from other sources\n` +
        'Remove it, or build it anew on a machine of its kind: node scripts/prebuild.js',
    );
  }
}

function hashSources() {
  const hash = crypto.createHash('sha256');
  for (const name of SOURCES.flatMap(filesBelow)) {
    hash
      .update(`${name}\0`)
      .update(fs.readFileSync(path.join(root, name)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** The file itself, or every file of the directory; sorted. */
function filesBelow(name) {
  if (fs.statSync(path.join(root, name)).isFile()) return [name];
  const files = fs.readdirSync(path.join(root, name)).sort();
  return files.flatMap(file => filesBelow(`${name}/${file}`));
}

const run = process.argv.includes('--remove') ? remove() : prebuild();
run.catch(error => {
  fs.writeSync(2, `skiff: ${process.env.DEBUG ? error.stack : error.message}\n`);
  process.exitCode = 1;
});
