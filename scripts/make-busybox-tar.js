'use strict';

// Makes busybox.tar from Debian's busybox-static: the same bytes from the same busybox.
//   node scripts/make-busybox-tar.js           writes busybox.tar
//   node scripts/make-busybox-tar.js --check   tells whether busybox.tar is what it would write
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const tar = require('tar-stream');

const target = path.join(__dirname, '..', 'busybox.tar');
const busybox = '/bin/busybox';
const epoch = new Date(0);

const files = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
  'etc/hostname': 'busybox\n',
  'etc/resolv.conf': '',
};

const directories = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  sbin: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  usr: 0o755,
  'usr/bin': 0o755,
  'usr/sbin': 0o755,
  var: 0o755,
  'var/tmp': 0o1777,
};

/** Applets as busybox itself places them. Hard links: one inode, and they work whatever is mounted where. */
function applets() {
  const listed = execFileSync(busybox, ['--list-full'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  return listed.filter(name => name !== 'bin/busybox');
}

function entries() {
  const list = Object.entries(directories).map(([name, mode]) => ({ name: `${name}/`, type: 'directory', mode }));
  for (const [name, content] of Object.entries(files)) list.push({ name, mode: 0o644, content: Buffer.from(content) });
  for (const name of applets()) list.push({ name, type: 'link', linkname: 'bin/busybox', mode: 0o755 });
  list.sort((a, b) => (a.name < b.name ? -1 : 1));
  // A hard link must come after what it links to, and a file after its directory.
  list.splice(1, 0, { name: 'bin/busybox', mode: 0o755, content: fs.readFileSync(busybox) });
  return list;
}

async function make() {
  const pack = tar.pack();
  for (const { content, ...header } of entries()) {
    pack.entry({ uid: 0, gid: 0, uname: '', gname: '', mtime: epoch, ...header }, content);
  }
  pack.finalize();
  const chunks = [];
  for await (const chunk of pack) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function dynamic() {
  const header = fs.readFileSync(busybox).subarray(0, 4096).toString('latin1');
  return header.includes('ld-linux');
}

async function main() {
  if (!fs.existsSync(busybox) || dynamic()) {
    throw new Error(`${busybox} is not a static busybox: apt-get install -y busybox-static`);
  }
  const made = await make();
  if (!process.argv.includes('--check')) {
    fs.writeFileSync(target, made);
    return;
  }
  if (!fs.existsSync(target) || !fs.readFileSync(target).equals(made)) {
    throw new Error('busybox.tar is not what this busybox makes: run node scripts/make-busybox-tar.js');
  }
}

main().catch(error => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
