'use strict';

// Writes a container's log as its monitor does, a write(2) a line, and renames it when it is full:
//   node writer.js DIRECTORY LINES BYTES FILES
// LINES numbered lines, now on stdout, now on stderr, each seventh in two parts; files of BYTES, FILES of them kept.
const fs = require('node:fs');
const path = require('node:path');

const [directory, lines, bytes, files] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const log = path.join(directory, 'log');
let fd = fs.openSync(log, 'a');
let size = fs.fstatSync(fd).size;

for (let number = 0; number < lines; number += 1) {
  const stream = number % 3 === 0 ? 'stderr' : 'stdout';
  if (number % 7 === 0) write(stream, 'P', `line `);
  write(stream, 'F', number % 7 === 0 ? `${number}` : `line ${number}`);
}
fs.closeSync(fd);

function write(stream, tag, text) {
  if (size >= bytes) rotate();
  const time = `${new Date().toISOString().slice(0, -1)}000000Z`;
  size += fs.writeSync(fd, `${time} ${stream} ${tag} ${text}\n`);
}

function rotate() {
  for (let index = files - 1; index > 0; index -= 1)
    rename(index > 1 ? `${log}.${index - 1}` : log, `${log}.${index}`);
  fs.closeSync(fd);
  fd = fs.openSync(log, 'a');
  size = 0;
}

function rename(from, to) {
  if (fs.existsSync(from)) fs.renameSync(from, to);
}
