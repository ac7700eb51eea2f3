'use strict';

// node scripts/bundle.js DIST: the command line as one file, with the machine code V8 made of it beside it. Looking
// up and compiling a hundred small files costs as much time as node's own start.
const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const { loadScript } = require('./load-script');

async function bundle(dist) {
  const outfile = path.join(dist, 'cli.js');
  await esbuild.build({
    entryPoints: [path.join(dist, 'cli', 'main.js')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // Only for help, and larger than all the rest together.
    external: ['@oclif/core'],
    logLevel: 'warning',
  });
  const { script, exports } = loadScript(outfile);
  // Functions that ran are in the cache, those that never did are not: read the command line of a run once.
  await exports.main(['run', '--nosuch']);
  fs.writeFileSync(`${outfile}.cache`, script.createCachedData());
}

bundle(process.argv[2]).catch(error => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
