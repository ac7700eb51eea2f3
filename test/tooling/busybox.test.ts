import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';

const OTHER_VERSION = 2;
const archive = path.join(projectRoot, 'busybox.tar');

const check = spawnSync(
  process.execPath,
  [path.join(projectRoot, 'scripts', 'make-busybox-tar.js'), '--check'],
  {
    encoding: 'utf8',
  },
);

itIf(
  check.status !== OTHER_VERSION,
  check.stderr.trim(),
  'busybox',
)('is made again to the byte', () => {
  expect(check).toMatchObject({ status: 0, stderr: '' });
});

const listing = execFileSync('tar', ['--numeric-owner', '--utc', '--full-time', '-tvf', archive], {
  encoding: 'utf8',
})
  .trimEnd()
  .split('\n')
  .map(line => {
    const [mode = '', owner, size, date, time, name = '', ...rest] = line.split(/ +/);
    return { mode, owner, size: Number(size), when: `${date} ${time}`, name, rest: rest.join(' ') };
  });

const modeOf = (name: string) => listing.find(entry => entry.name === name)?.mode;

it('says nothing of the machine that made it', () => {
  expect(new Set(listing.map(({ owner }) => owner))).toEqual(new Set(['0/0']));
  expect(new Set(listing.map(({ when }) => when))).toEqual(new Set(['1970-01-01 00:00:00']));
});

it('is sorted, but for the program, which precedes its links', () => {
  const names = listing.map(({ name }) => name);
  expect(names.slice(0, 2)).toEqual(['bin/', 'bin/busybox']);
  const others = names.slice(2);
  expect(others).toEqual([...others].sort());
  expect(new Set(names).size).toBe(names.length);
});

it('links every applet of the program in it', () => {
  const { path: directory, remove } = tempDirectory();
  try {
    execFileSync('tar', ['-xf', archive, '-C', directory, 'bin/busybox']);
    const program = path.join(directory, 'bin', 'busybox');
    const applets = execFileSync(program, ['--list-full'], { encoding: 'utf8' }).trimEnd().split('\n');
    const linked = listing.filter(({ rest }) => rest === 'link to bin/busybox').map(({ name }) => name);
    expect(linked).toEqual(applets.filter(name => name !== 'bin/busybox').sort());
    expect(linked).toEqual(expect.arrayContaining(['bin/sh', 'bin/ls', 'usr/bin/top', 'sbin/ifconfig']));
  } finally {
    remove();
  }
});

it.each([
  ['tmp/', 'drwxrwxrwt'],
  ['var/tmp/', 'drwxrwxrwt'],
  ['root/', 'drwx------'],
  ['proc/', 'dr-xr-xr-x'],
  ['sys/', 'dr-xr-xr-x'],
  ['dev/', 'drwxr-xr-x'],
  ['home/', 'drwxr-xr-x'],
  ['run/', 'drwxr-xr-x'],
  ['etc/passwd', '-rw-r--r--'],
  ['etc/group', '-rw-r--r--'],
  ['etc/hosts', '-rw-r--r--'],
  ['etc/hostname', '-rw-r--r--'],
  ['etc/resolv.conf', '-rw-r--r--'],
  ['bin/busybox', '-rwxr-xr-x'],
])('%s is %s', (name, mode) => {
  expect(modeOf(name)).toBe(mode);
});
