'use strict';

// Called by npm pack, before and after: puts this machine's native code where an installed package looks for it.
//   node scripts/prebuild.js            builds what is missing or older than its sources, and copies
//   node scripts/prebuild.js --remove   removes the copy
const fs = require('node:fs');
const path = require('node:path');
const { buildMissing } = require('./build-missing');

const root = path.join(__dirname, '..');

async function prebuild() {
  await buildMissing({ compareSources: true });
  const { ADDON, INIT, nativeDirectory, prebuiltDirectory } = location();
  const directory = prebuiltDirectory(root);
  fs.mkdirSync(directory, { recursive: true });
  for (const name of [ADDON, INIT]) {
    fs.copyFileSync(path.join(nativeDirectory(), name), path.join(directory, name));
  }
}

/** Others that lie there, copied from machines of other kinds, are their owner's. */
async function remove() {
  const directory = location().prebuiltDirectory(root);
  fs.rmSync(directory, { recursive: true });
  if (fs.readdirSync(path.dirname(directory)).length === 0) fs.rmdirSync(path.dirname(directory));
}

/** The rule by which an installed package finds it, as built: there is one. */
function location() {
  return require('../dist/native/location');
}

const run = process.argv.includes('--remove') ? remove() : prebuild();
run.catch(error => {
  fs.writeSync(2, `skiff: ${process.env.DEBUG ? error.stack : error.message}\n`);
  process.exitCode = 1;
});
