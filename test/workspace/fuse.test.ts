/** The driver fuse-overlayfs by the command line: what the kernel's overlay does, and no process of it stays. */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeIf } from '../helpers/conditions';
import { processIds } from '../helpers/processes';
import { fileRoot, run, start } from '../helpers/run';
import { until } from '../helpers/wait';
import { mountsBelow } from './support';

const program = ['/usr/bin', '/usr/local/bin', '/bin'].some(name => fs.existsSync(`${name}/fuse-overlayfs`));
const canOpen = isOpen('/dev/fuse');
const describeHere = describeIf(program && canOpen, 'fuse-overlayfs or /dev/fuse is missing', 'fuse');

function isOpen(device: string): boolean {
  try {
    fs.closeSync(fs.openSync(device, 'r+'));
    return true;
  } catch {
    return false;
  }
}

async function skiff(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args, { env: { SKIFF_STORAGE_DRIVER: 'fuse-overlayfs' } });
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout.toString().trimEnd();
}

/** Processes that serve mounts of this file's containers. */
function servers(): number[] {
  return processIds().filter(pid => {
    try {
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
      return words[0] === 'fuse-overlayfs' && words.some(word => word.includes(fileRoot()));
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

const allGone = () => until('the end of what serves the mounts', () => servers().length === 0 || undefined);

describeHere('fuse-overlayfs', () => {
  test('a container writes above its image as any user, and nothing is left', async () => {
    expect(await skiff('run', 'sh', '-c', 'mount | head -n 1')).toMatch(/^fuse-overlayfs on \/ type fuse/);
    const script = 'rm /etc/passwd; touch /tmp/mine; stat -c %u /tmp/mine; ls /etc/passwd';
    expect(
      (await run(['run', '-u', '33', 'id', '-u'], { env: { SKIFF_STORAGE_DRIVER: 'fuse-overlayfs' } })).code,
    ).toBe(0);
    const { code, stdout } = await run(['run', 'sh', '-c', script], {
      env: { SKIFF_STORAGE_DRIVER: 'fuse-overlayfs' },
    });
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: '0\n' });
    expect(await skiff('run', 'ls', '/etc/passwd')).toBe('/etc/passwd');
    await allGone();
    expect(mountsBelow(fileRoot())).toEqual([]);
  });

  test('diff, commit, stop, start: what was deleted and replaced stays so', async () => {
    await skiff('run', '-d', '--name', 'bird', 'sleep', '1000');
    await skiff(
      'exec',
      'bird',
      'sh',
      '-c',
      'rm -r /home && mkdir /home && echo new >/home/file; rm /etc/group',
    );
    const changes = ['C /etc', 'D /etc/group', 'A /home/file'];
    expect((await skiff('diff', 'bird')).split('\n')).toEqual(expect.arrayContaining(changes));
    await skiff('stop', '-t', '0', 'bird');
    await allGone();
    expect((await skiff('diff', 'bird')).split('\n')).toEqual(expect.arrayContaining(changes));
    await skiff('commit', 'bird', 'nest');
    await skiff('start', 'bird');
    expect(await skiff('exec', 'bird', 'ls', '/home')).toBe('file');
    await skiff('rm', '-f', 'bird');
    expect(
      await skiff('run', '--image', 'nest', 'sh', '-c', 'ls /home; ls /etc | grep -c "^group$" || true'),
    ).toBe('file\n0');
    await skiff('rmi', 'nest');
    await allGone();
    expect(mountsBelow(fileRoot())).toEqual([]);
  });

  test('kill -9 at any time leaves nothing, once the next command was there', async () => {
    for (let round = 0; round < 12; round += 1) {
      const child = start(['run', 'sleep', '1000'], { env: { SKIFF_STORAGE_DRIVER: 'fuse-overlayfs' } });
      child.stdin.end();
      await sleep(30 + round * 20);
      child.kill('SIGKILL');
      await until('its end', () => child.signalCode !== null || child.exitCode !== null || undefined);
    }
    await skiff('run', 'true');
    await allGone();
    expect(mountsBelow(fileRoot())).toEqual([]);
  });
});
