'use strict';

// npm run build: everything anew. With --if-missing (npm test): what is missing or older than its sources.
const { buildMissing, buildAll } = require('./build-missing');

const run = process.argv.includes('--if-missing') ? buildMissing({ compareSources: true }) : buildAll();
run.catch(error => {
  process.stderr.write(`skiff: ${error.message}\n`);
  process.exitCode = 1;
});
