'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const TAIL_LINES = 15;

/** Runs the programs of one build, with their output in a file that an error quotes and names. */
class BuildLog {
  #root;
  #lock;
  #directory;
  #fd;

  /**
   * @param {string} root where the programs run
   * @param {number} lock descriptor that they keep open, so that the lock outlives a killed builder with them
   */
  constructor(root, lock) {
    this.#root = root;
    this.#lock = lock;
    this.#directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-build-'));
    this.#fd = fs.openSync(this.file, 'a');
  }

  get file() {
    return path.join(this.#directory, 'build.log');
  }

  /**
   * @param {string} program
   * @param {string[]} args
   * @throws Error with the end of its output
   */
  async run(program, args) {
    const command = [path.basename(program), ...args].join(' ');
    fs.writeSync(this.#fd, `$ ${command}\n`);
    const stdio = ['ignore', this.#fd, this.#fd, this.#lock];
    const failure = await ended(spawn(program, args, { cwd: this.#root, stdio }));
    if (!failure) return;
    throw new Error(`building failed: ${command}: ${failure}\n${this.#tail()}\nThe whole log: ${this.file}`);
  }

  close() {
    fs.closeSync(this.#fd);
  }

  remove() {
    fs.rmSync(this.#directory, { recursive: true });
  }

  #tail() {
    return fs.readFileSync(this.file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  }
}

/** Why it failed; undefined where it did not. */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
}

module.exports = { BuildLog };
