import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { detectCgroups, hierarchyOf } from '../../lib/cgroup';
import { describeIf } from '../helpers/conditions';
import { fileRoot, projectRoot, run, skiffProgram } from '../helpers/run';
import { isUser } from '../helpers/user-mode';

const setup = detectCgroups();
const unified = setup.hierarchies.find(({ version }) => version === 2);
const devices = hierarchyOf(setup, 'devices');

/** `./bin/run ARGS...` on a machine that has no devices controller of v1. */
async function skiff(...args: string[]): Promise<string> {
  const hide = devices ? 'umount "$0" && ' : '';
  const script = `${hide}exec "$@" 2>&1`;
  const command = ['--mount', 'sh', '-c', script, devices?.mountPoint ?? 'sh', skiffProgram, ...args];
  const { stdout } = await promisify(execFile)('unshare', command, {
    cwd: projectRoot,
    env: { ...process.env, SKIFF_ROOT: fileRoot() },
  });
  return stdout;
}

/** Programs of the container's own, and not of its list: a device that every machine has, read and written. */
const OPEN_ZERO =
  'mount -t tmpfs none /mnt && cd /mnt && mknod zero c 1 5 && mknod kmsg c 1 11; ls; head -c1 zero | wc -c';
const OPEN_OTHERS = 'head -c0 /mnt/kmsg 2>&1; echo >/mnt/kmsg';

describeIf(
  unified !== undefined && !isUser && process.getuid?.() === 0,
  'needs root and cgroup v2',
  'cgroup-v2',
)('devices by a program of cgroup v2', () => {
  it('nodes can be made, those of the list used, and no others', async () => {
    const said = await skiff(
      'run',
      '--cap-add',
      'SYS_ADMIN',
      'sh',
      '-c',
      `${OPEN_ZERO}; ${OPEN_OTHERS}; true`,
    );
    expect(said).toContain('kmsg\nzero\n1\n');
    expect(said.match(/Operation not permitted/g)).toHaveLength(2);
  });

  it('control: all of them with --privileged', async () => {
    const said = await skiff(
      'run',
      '--privileged',
      'sh',
      '-c',
      `${OPEN_ZERO}; head -c0 /mnt/kmsg && echo read`,
    );
    expect(said).toContain('kmsg\nzero\n1\nread\n');
  });

  it('a device that may only be read', async () => {
    const script = 'true </dev/x && echo readable; true >/dev/x && echo writable; true';
    const said = await skiff('run', '--device', '/dev/loop-control:/dev/x:r', 'sh', '-c', script);
    expect(said).toContain('readable');
    expect(said).toContain('Operation not permitted');
    expect(said).not.toContain('writable');
  });

  it('a detached container, after a restart and in exec too', async () => {
    const opened = 'true </dev/x && echo readable; true >/dev/x && echo writable; true';
    const name = 'device-program';
    await skiff(
      'run',
      '-d',
      '--name',
      name,
      '--device',
      '/dev/loop-control:/dev/x:r',
      'sh',
      '-c',
      `${opened}; exec sleep 1000`,
    );
    try {
      for (const again of [false, true]) {
        if (again) await skiff('restart', '-t', '0', name);
        const said = await skiff('exec', name, 'sh', '-c', opened);
        expect(said).toContain('readable');
        expect(said).not.toContain('writable');
      }
      const { stdout } = await run(['inspect', '--format', '{{.Id}}', name]);
      const id = stdout.toString().trim();
      expect(fs.existsSync(`${unified!.own}/skiff-${id}`)).toBe(true);
    } finally {
      await skiff('rm', '-f', name);
    }
  });
});
