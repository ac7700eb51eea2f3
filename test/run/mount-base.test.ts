/** A container's mounts are its own, whether its mount namespace is a copy of a bare one or of this process's. */
import fs from 'node:fs';
import { Skiff } from '../../lib/engine';
import { tempRoot } from '../helpers/temp';
import { output, readProc, waiting } from './support';

const root = tempRoot();

/** The mounts of a mount table without ids, which differ from one start to the next, and without the container's own id. */
function mountsOf(mountinfo: string): string[] {
  const lines = mountinfo.split('\n').filter(line => line !== '');
  return lines.map(line => line.replace(/^\d+ \d+ \d+:\d+ /, '').replace(/[0-9a-f]{64}/g, 'ID'));
}

async function look(copyMounts: boolean): Promise<string[]> {
  await using skiff = await Skiff.open({ root, copyMounts });
  return mountsOf(await output(skiff, ['cat', '/proc/self/mountinfo']));
}

test('both ways give the same mounts, and none of the host', async () => {
  const [bare, copied] = [await look(false), await look(true)];
  expect(bare).toEqual(copied);
  expect(bare[0]).toMatch(/^\/ \/ /);
  for (const line of bare) expect(line).not.toMatch(/ (shared|master|propagate_from):/);
});

test.each([
  ['a bare one', false],
  ['a copy of the host', true],
])(
  'with %s the host sees the file system, and mounts made here do not reach the container',
  async (_, copyMounts) => {
    await using skiff = await Skiff.open({ root, copyMounts });
    const container = await waiting(skiff);
    const mountPoint = `${root}/containers/${container.id}/mnt`;
    fs.writeFileSync(`/proc/${container.pid}/root/tmp/inside`, 'x');
    expect(fs.readFileSync(`${mountPoint}/tmp/inside`, 'utf8')).toBe('x');
    const own = mountsOf(fs.readFileSync('/proc/self/mountinfo', 'utf8')).filter(line => line.includes(root));
    expect(own).toHaveLength(1);
    expect(
      mountsOf(readProc(container.pid, 'mountinfo')).filter(line => line.includes(' /proc/sys ')),
    ).toHaveLength(1);
    await container.remove();
    expect(fs.existsSync(mountPoint)).toBe(false);
  },
);

test('a further command has the same root, and the same mounts', async () => {
  await using skiff = await Skiff.open({ root });
  await using container = await waiting(skiff);
  const { stdout } = await container.execToEnd(['sh', '-c', 'ls -di / /..; cat /proc/self/mountinfo']);
  const [own, above] = stdout.split('\n').map(line => line.trim().split(' ')[0]);
  expect(own).toBe(above);
  expect(mountsOf(stdout.split('\n').slice(2).join('\n'))).toEqual(
    mountsOf(readProc(container.pid, 'mountinfo')),
  );
});
