'use strict';

// npm run build: everything anew.
//   --if-missing (before npm test): only what is missing or older than its sources
const fs = require('node:fs');
const { buildAll, buildMissing } = require('./build-missing');

const run = process.argv.includes('--if-missing') ? buildMissing({ compareSources: true }) : buildAll();
run.catch(error => {
  fs.writeSync(2, `skiff: ${process.env.DEBUG ? error.stack : error.message}\n`);
  process.exitCode = 1;
});
