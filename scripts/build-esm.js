'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * Write the ES module's entry beside the CommonJS one: the same objects under the same names, so that a program which
 * loads both has one of each class.
 *
 * @param {string} dist the directory tsc wrote
 */
function writeEsmEntry(dist) {
  const names = Object.keys(require(path.join(dist, 'index.js'))).filter(name => name !== 'default');
  const lines = names.map(name => `export const ${name} = skiff.${name};`);
  fs.writeFileSync(path.join(dist, 'index.mjs'), `import skiff from './index.js';\n${lines.join('\n')}\n`);
  fs.writeFileSync(path.join(dist, 'index.d.mts'), "export * from './index.js';\n");
}

module.exports = { writeEsmEntry };
