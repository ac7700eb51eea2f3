/** Files that `save -o` and `export -o` write: whole or not there, and nothing is left of those that were killed. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { run, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { writeOutput } from '../../lib/engine/image-output';
import { temporaryName } from '../../lib/layers/owner';
import { file, skiff, writeTar } from './support';

const root = tempRoot();
const place = tempDirectory();
const at = (...names: string[]) => path.join(place.path, ...names);

beforeAll(async () => {
  const tar = await writeTar(at('rootfs.tar'), [
    file('large', 'x'.repeat(128 << 20)),
    file('bin/sh', '', { mode: 0o755 }),
  ]);
  await skiff(root, 'import', tar, 'large:1');
  await skiff(root, 'create', '--name', 'box', 'large:1', '/bin/sh');
});
afterAll(async () => {
  await skiff(root, 'rm', 'box');
  place.remove();
});

/** The command's file is open, and has some of what it will have. */
function hasBegun(pid: number, directory: string): boolean {
  const fds = `/proc/${pid}/fd`;
  try {
    return fs.readdirSync(fds).some(fd => {
      const link = fs.readlinkSync(path.join(fds, fd));
      return link.startsWith(`${directory}/`) && fs.statSync(path.join(fds, fd)).size > 1 << 20;
    });
  } catch {
    // A descriptor that was closed between two looks.
    return false;
  }
}

describe.each([
  ['save', ['save', 'large:1', '-o']],
  ['export', ['export', 'box', '-o']],
])('%s', (name, words) => {
  test.each(['no file', 'a file'])(
    'kill -9 in the middle where there was %s: that is what is there',
    async before => {
      const directory = at(`${name} ${before}`);
      fs.mkdirSync(directory);
      const target = path.join(directory, 'out.tar');
      if (before === 'a file') fs.writeFileSync(target, 'old');
      const child = start([...words, target], { root });
      const ended = once(child, 'close');
      // Without a pause: all of it takes a few dozen milliseconds.
      while (child.exitCode === null && !hasBegun(child.pid!, directory)) await setImmediate();
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(fs.readdirSync(directory)).toEqual(before === 'a file' ? ['out.tar'] : []);
      if (before === 'a file') expect(fs.readFileSync(target, 'utf8')).toBe('old');
      await skiff(root, ...words, target);
      expect(fs.readdirSync(directory)).toEqual(['out.tar']);
      expect(fs.statSync(target).mode & 0o777).toBe(0o600);
      expect(execFileSync('tar', ['-tf', target]).length).toBeGreaterThan(0);
    },
  );

  test('a full disk: told with the path, and what was there stays', async () => {
    const small = at(`${name} small`);
    fs.mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'skiff-test', small]);
    try {
      const target = path.join(small, 'out.tar');
      fs.writeFileSync(target, 'old');
      const { code, stderr, stdout } = await run([...words, target], { root });
      expect({ code, stderr, stdout: stdout.toString() }).toEqual({
        code: 1,
        stderr: `skiff: write: ${target}: no space left on device\n`,
        stdout: '',
      });
      expect(fs.readdirSync(small)).toEqual(['out.tar']);
      expect(fs.readFileSync(target, 'utf8')).toBe('old');
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('into /dev/full: told', async () => {
    const { code, stderr } = await run([...words, '/dev/full'], { root });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'skiff: write: /dev/full: no space left on device\n',
    });
  });
});

test('what a killed one left under a name of its own, the next one removes; what is of the living stays', async () => {
  const directory = at('left');
  fs.mkdirSync(directory);
  const ours = temporaryName(directory);
  const [boot, namespace, pid, startTime, unique] = path
    .basename(ours)
    .split('.')
    .slice(1)
    .join('.')
    .split('.');
  const dead = path.join(directory, `.${boot}.${namespace}.${pid}.${Number(startTime) - 1}.${unique}`);
  for (const name of [ours, dead]) fs.writeFileSync(name, 'half');
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from('new');
  }
  await writeOutput(path.join(directory, 'out'), bytes());
  expect(fs.readdirSync(directory).sort()).toEqual([path.basename(ours), 'out']);
});

test('what looks like a trial of a storage driver there is let be, and nothing is unmounted through it', async () => {
  const directory = at('trap');
  const mounted = at('mounted');
  fs.mkdirSync(path.join(mounted, 'mnt'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'skiff-test', path.join(mounted, 'mnt')]);
  try {
    const trap = path.join(
      directory,
      path.basename(temporaryName(directory, 'probe')).replace(/\.\d+\.(\w+)$/, '.1.$1'),
    );
    fs.mkdirSync(trap, { recursive: true });
    fs.symlinkSync(mounted, path.join(trap, 'container'));
    async function* bytes(): AsyncGenerator<Buffer> {
      yield Buffer.from('new');
    }
    await writeOutput(path.join(directory, 'out'), bytes());
    expect(fs.readdirSync(directory).sort()).toEqual([path.basename(trap), 'out']);
    expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).toContain(path.join(mounted, 'mnt'));
  } finally {
    execFileSync('umount', [path.join(mounted, 'mnt')]);
  }
});
