'use strict';

const fs = require('node:fs');
const path = require('node:path');

const APT_LINE = 'apt-get install -y g++ make python3 musl-tools';
const APK_LINE = 'apk add g++ make python3 linux-headers';

/**
 * Check for what the native code is built with, before minutes are spent on anything else.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @throws Error that names what is missing and the line that installs it
 */
function requireCompiler(env = process.env) {
  // The variables are node-gyp's and make's own ways to name another program.
  const programs = [env.CXX?.split(' ')[0] || 'g++', env.MAKE || 'make', env.PYTHON || 'python3'];
  const missing = programs.filter(program => !isProgram(program, env.PATH));
  if (missing.length === 0) return;
  const remedy = isProgram('apk', env.PATH)
    ? APK_LINE
    : `${APT_LINE} (musl-tools makes the init smaller; it builds without)`;
  throw new Error(
    `cannot build the native code: not found: ${missing.join(', ')}\nInstall what is missing: ${remedy}`,
  );
}

/** @throws Error with the line that installs it, where there is no npm */
function requireNpm(env = process.env) {
  if (isProgram('npm', env.PATH)) return;
  throw new Error('cannot install the dependencies: not found: npm\nInstall it: apt-get install -y npm');
}

/**
 * node-gyp: a checkout has its own, an installed package takes the one that npm brings.
 *
 * @param {string} root of the package
 * @returns {string} the script for node
 * @throws Error with the line that installs it
 */
function nodeGyp(root, env = process.env) {
  const npm = findProgram('npm', env.PATH);
  const paths = npm ? [root, path.dirname(fs.realpathSync(npm))] : [root];
  try {
    return require.resolve('node-gyp/bin/node-gyp.js', { paths });
  } catch (cause) {
    throw new Error('cannot build the native code: not found: node-gyp\nInstall it: npm install node-gyp', {
      cause,
    });
  }
}

function isProgram(name, searchPath) {
  return findProgram(name, searchPath) !== undefined;
}

function findProgram(name, searchPath = '') {
  const candidates = name.includes('/')
    ? [name]
    : searchPath.split(':').map(folder => path.join(folder || '.', name));
  return candidates.find(isExecutable);
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    // Not there, or not for us: both mean that the search goes on.
    return false;
  }
}

/**
 * Where this node's C headers are, when they came with it: node-gyp would download them otherwise.
 *
 * @returns {string | undefined} the prefix that has include/node
 */
function nodeHeaders() {
  const prefix = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
  let header;
  try {
    header = fs.readFileSync(path.join(prefix, 'include', 'node', 'node_version.h'), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
  const [major, minor, patch] = ['MAJOR', 'MINOR', 'PATCH'].map(
    part => new RegExp(`^#define NODE_${part}_VERSION (\\d+)`, 'm').exec(header)?.[1],
  );
  return `v${major}.${minor}.${patch}` === process.version ? prefix : undefined;
}

module.exports = { nodeGyp, nodeHeaders, requireCompiler, requireNpm };
