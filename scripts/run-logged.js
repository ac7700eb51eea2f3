'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const TAIL_LINES = 15;

/**
 * Run a program with its output in a log file, which an error names and quotes.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 */
async function runLogged(program, args, cwd) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-build-'));
  const log = path.join(directory, 'log');
  const output = fs.openSync(log, 'w');
  const command = [path.basename(program), ...args].join(' ');
  try {
    const failure = await ended(spawn(program, args, { cwd, stdio: ['ignore', output, output] }));
    if (failure) {
      const tail = fs.readFileSync(log, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
      throw new Error(`building failed: ${command}: ${failure}\n${tail}\nThe whole log: ${log}`);
    }
    fs.rmSync(directory, { recursive: true, force: true });
  } finally {
    fs.closeSync(output);
  }
}

function ended(child) {
  return new Promise(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
}

module.exports = { runLogged };
