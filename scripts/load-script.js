'use strict';

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

/**
 * Load a CommonJS file with the code cache beside it, if there is one. V8 itself refuses a cache of another version
 * or source, and compiles then.
 *
 * @param {string} file absolute
 * @returns {{ script: import('node:vm').Script, exports: any }}
 */
function loadScript(file) {
  const source = fs.readFileSync(file, 'utf8');
  const script = new vm.Script(Module.wrap(source), {
    filename: file,
    cachedData: readCache(`${file}.cache`),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, Module.createRequire(file), module, file, path.dirname(file));
  return { script, exports: module.exports };
}

function readCache(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    // Without it everything works, a little later.
    return undefined;
  }
}

module.exports = { loadScript };
