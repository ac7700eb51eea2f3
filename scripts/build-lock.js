'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** flock(1)'s exit code where somebody else holds the lock. */
const HELD = 1;

/**
 * Do something while no other process does it. The lock is flock(2)'s: it belongs to an open file, so the kernel gives
 * it back when its holder dies, however that happens. Programs that inherit the descriptor keep it held: what a
 * killed builder leaves running is waited for, too.
 *
 * @param {string} root directory of the lock file, which stays: to remove it would let two hold it
 * @param {(lock: number) => Promise<void>} action gets the descriptor, for the programs it starts
 */
async function withLock(root, action) {
  const lock = open(path.join(root, '.build-lock'), root);
  try {
    if (!(await take(lock, ['-n']))) {
      fs.writeSync(2, 'skiff: waiting for another start that builds what is missing ...\n');
      if (!(await take(lock, []))) throw new Error('flock failed while waiting for the build');
    }
    await action(lock);
  } finally {
    fs.closeSync(lock);
  }
}

function open(file, root) {
  try {
    return fs.openSync(file, 'a');
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
    const reason = error.code === 'EROFS' ? 'read-only file system' : 'permission denied';
    throw new Error(
      `cannot build what is missing: ${file}: ${reason}\nStart it once as the user who may write to ${root}.`,
      { cause: error },
    );
  }
}

/** Node has no flock(2): flock(1) takes the lock on our descriptor and leaves it with us. */
function take(lock, flags) {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', ...flags, '3'], { stdio: ['ignore', 'ignore', 'inherit', lock] });
    child.once('error', error => {
      if (error.code !== 'ENOENT') return reject(error);
      reject(
        new Error('cannot build what is missing: flock not found\nInstall it: apt-get install -y util-linux'),
      );
    });
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(true);
      else if (code === HELD) resolve(false);
      else reject(new Error(`cannot lock the build: flock: ${signal ?? `exit code ${code}`}`));
    });
  });
}

module.exports = { withLock };
