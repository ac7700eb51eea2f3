'use strict';

// node scripts/reference.js: write docs/reference.md out of the commands as they were built last.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

async function write() {
  const { allCommands } = require(path.join(root, 'dist', 'cli', 'all-commands.js'));
  const { renderReference } = require(path.join(root, 'dist', 'cli', 'reference.js'));
  const { commands, aliases } = await allCommands();
  fs.writeFileSync(path.join(root, 'docs', 'reference.md'), renderReference(commands, aliases));
}

write().catch(error => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
