'use strict';

const fs = require('node:fs');
const path = require('node:path');

const POLL_MS = 200;

/**
 * Do something while no other process does it. A lock's holder is known by pid and start time, so that a killed one
 * holds up nobody.
 *
 * @param {string} lock a directory that is made for it
 * @param {() => Promise<void>} action
 */
async function withLock(lock, action) {
  let told = false;
  while (!take(lock)) {
    if (!told) process.stderr.write('skiff: waiting for another start that builds what is missing\n');
    told = true;
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
  try {
    await action();
  } finally {
    fs.rmSync(lock, { recursive: true, force: true });
  }
}

/** The lock appears with its holder's name in it, by one rename; a rename onto a lock that is held fails. */
function take(lock) {
  const mine = `${lock}-${process.pid}`;
  fs.rmSync(mine, { recursive: true, force: true });
  fs.mkdirSync(mine);
  fs.writeFileSync(path.join(mine, 'holder'), `${process.pid} ${startTime(process.pid)}`);
  try {
    fs.renameSync(mine, lock);
    return true;
  } catch (error) {
    fs.rmSync(mine, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    dropIfStale(lock);
    return false;
  }
}

/** A dead holder's lock is moved aside first: only one of those who see it removes it. */
function dropIfStale(lock) {
  const holder = readHolder(lock);
  if (holder === undefined || startTime(holder.pid) === holder.started) return;
  const aside = `${lock}-stale-${process.pid}`;
  try {
    fs.renameSync(lock, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  // Between reading and moving somebody may have dropped the stale one and taken the lock anew: give it back.
  if (moved && startTime(moved.pid) === moved.started) fs.renameSync(aside, lock);
  else fs.rmSync(aside, { recursive: true, force: true });
}

function readHolder(lock) {
  try {
    const [pid, started] = fs.readFileSync(path.join(lock, 'holder'), 'utf8').split(' ');
    return { pid: Number(pid), started };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Field 22 of /proc/PID/stat; undefined where there is no such process. */
function startTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

module.exports = { withLock };
