'use strict';

// Makes busybox.tar and busybox.LICENSE from Debian's busybox-static: the same bytes from the same busybox.
//   node scripts/make-busybox-tar.js           writes both
//   node scripts/make-busybox-tar.js --check   exit code 0: they are what it would write; 1: they are not;
//                                              2: another version of busybox-static is installed
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const tar = require('tar-stream');

const BUSYBOX = '/bin/busybox';
const LICENSE_TEXT = '/usr/share/common-licenses/GPL-2';
const OTHER_VERSION = 2;

const root = path.join(__dirname, '..');
const archiveFile = path.join(root, 'busybox.tar');
const licenseFile = path.join(root, 'busybox.LICENSE');

/** Where the runtime mounts something, and what programs expect to be there. */
const DIRECTORIES = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  mnt: 0o755,
  opt: 0o755,
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
  'var/log': 0o755,
  'var/tmp': 0o1777,
};

/** hostname, hosts and resolv.conf are there to be mounted over. */
const FILES = {
  'etc/group':
    'root:x:0:\ndaemon:x:1:\ntty:x:5:\nmail:x:8:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n',
  'etc/hostname': 'busybox\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
    'mail:x:8:8:mail:/var/mail:/bin/false',
    'www-data:x:33:33:www-data:/var/www:/bin/false',
    'nobody:x:65534:65534:nobody:/home:/bin/false',
    '',
  ].join('\n'),
  'etc/resolv.conf': '',
};

/**
 * The applets where busybox itself would install them, as hard links, as Docker's busybox image has them: every name
 * is a program of its own, whatever is mounted, moved or removed beside it. To change one copies only that one.
 */
function applets() {
  const listed = execFileSync(BUSYBOX, ['--list-full'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  return listed.filter(name => name !== 'bin/busybox');
}

/** Sorted by bytes, except that what is linked to comes before its links; a directory is before what is in it. */
function entries() {
  const directories = Object.entries(DIRECTORIES).map(([name, mode]) => ({
    name: `${name}/`,
    type: 'directory',
    mode,
  }));
  const files = Object.entries(FILES).map(([name, content]) => ({ name, mode: 0o644, content }));
  const links = applets().map(name => ({ name, type: 'link', linkname: 'bin/busybox', mode: 0o755 }));
  const program = { name: 'bin/busybox', mode: 0o755, content: fs.readFileSync(BUSYBOX) };
  const [first, ...others] = [...directories, ...files, ...links].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [first, program, ...others];
}

/** In the ustar format: no field of it depends on this machine or on the time. */
async function makeArchive() {
  const pack = tar.pack();
  for (const { content, ...header } of entries()) {
    pack.entry({ uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0), ...header }, content);
  }
  pack.finalize();
  const chunks = [];
  for await (const chunk of pack) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function makeLicense({ version, source, sourceVersion }) {
  const address = `https://snapshot.debian.org/package/${source}/${encodeURIComponent(sourceVersion)}/`;
  return `busybox.tar holds the program busybox as Debian builds it (package busybox-static, version ${version}).
It is free software under the GNU General Public License, version 2, whose text follows.

Its exact source is Debian's source package ${source}, version ${sourceVersion}:
${address}
or, on Debian: apt-get source ${source}=${sourceVersion}

scripts/make-busybox-tar.js makes the archive. The small files below /etc in it are skiff's own, under skiff's licence.

${fs.readFileSync(LICENSE_TEXT, 'utf8')}`;
}

/** What dpkg says about the installed busybox-static. */
function installedPackage() {
  const format = '${db:Status-Status}\n${Version}\n${source:Package}\n${source:Version}';
  let fields = [];
  try {
    fields = execFileSync('dpkg-query', ['-W', '-f', format, 'busybox-static'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .split('\n');
  } catch (error) {
    if (error.code !== 'ENOENT' && error.status !== 1) throw error;
  }
  const [status, version, source, sourceVersion] = fields;
  return status === 'installed' ? { version, source, sourceVersion } : undefined;
}

/** The version that the committed archive was made of. */
function recordedVersion() {
  return /busybox-static, version (.+)\)/.exec(fs.readFileSync(licenseFile, 'utf8'))?.[1];
}

async function check(installed) {
  if (installed?.version !== recordedVersion()) {
    const found = installed?.version ?? 'not installed';
    process.stderr.write(`busybox-static is ${found}, busybox.tar was made of ${recordedVersion()}\n`);
    process.exitCode = OTHER_VERSION;
    return;
  }
  const same =
    fs.readFileSync(archiveFile).equals(await makeArchive()) &&
    fs.readFileSync(licenseFile, 'utf8') === makeLicense(installed);
  if (!same)
    throw new Error('busybox.tar is not what this busybox makes: run node scripts/make-busybox-tar.js');
}

async function main() {
  const installed = installedPackage();
  if (process.argv.includes('--check')) return check(installed);
  if (!installed) throw new Error('busybox-static is not installed: apt-get install -y busybox-static');
  fs.writeFileSync(archiveFile, await makeArchive());
  fs.writeFileSync(licenseFile, makeLicense(installed));
}

main().catch(error => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
