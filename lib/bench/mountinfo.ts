import fs from 'node:fs';

/** The type of the mount that a directory is on: the last one of the longest mount point above it. */
export function fileSystemOf(directory: string, mountinfo = readMountinfo()): string {
  let best = { mountPoint: '', type: 'unknown' };
  for (const mount of mounts(mountinfo)) {
    if (!isBelow(directory, mount.mountPoint)) continue;
    if (mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best.type;
}

/** Where something is mounted, in the order in which it was. */
export function mountPoints(mountinfo = readMountinfo()): string[] {
  return mounts(mountinfo).map(({ mountPoint }) => mountPoint);
}

function mounts(mountinfo: string): { mountPoint: string; type: string }[] {
  return mountinfo.split('\n').flatMap(line => {
    const [before, after] = line.split(' - ');
    const mountPoint = before?.split(' ')[4]?.replace(/\\(\d{3})/g, (_, digits: string) => fromOctal(digits));
    const type = after?.split(' ')[0];
    return mountPoint === undefined || type === undefined ? [] : [{ mountPoint, type }];
  });
}

function isBelow(directory: string, mountPoint: string): boolean {
  return mountPoint === '/' || directory === mountPoint || directory.startsWith(`${mountPoint}/`);
}

/** mountinfo writes blanks, tabs, newlines and backslashes as three octal digits, proc_pid_mountinfo(5). */
function fromOctal(digits: string): string {
  return String.fromCharCode(parseInt(digits, 8));
}

function readMountinfo(): string {
  return fs.readFileSync('/proc/self/mountinfo', 'utf8');
}
