/** User namespaces of single containers, below that of a user without privileges: from inside, and as root sees them. */
import fs from 'node:fs';
import path from 'node:path';
import { supplyOfUser } from '../../lib/engine/rootless/id-supply';
import { describeIf } from '../helpers/conditions';
import { processIds } from '../helpers/processes';
import { skiffProgram } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { until } from '../helpers/wait';
import { canShift, FIRST_SUBORDINATE, UID, User, whyNot } from './user';

const describeHere = describeIf(whyNot() === undefined, whyNot() ?? '', 'rootless');
const describeShifted = describeIf(
  whyNot() === undefined && canShift,
  whyNot() ?? 'fuse-overlayfs or /dev/fuse is missing',
  'fuse',
);

const TIMEOUT_MS = 60_000;
/** Ids of a container that asks for no number of them. */
const RANGE = 1024;

const KEPT = [
  [0, 1, UID],
  [UID, 0, 1],
  [UID + 1, UID + 1, 65_536 - UID],
];

function toNumbers(text: string): number[][] {
  return text.split('\n').map(line => line.trim().split(/\s+/).map(Number));
}

function useUser(options: { fuse: number }, subordinates = true): () => User {
  let user: User | undefined;
  beforeAll(() => {
    user = new User(subordinates, options);
  });
  afterAll(() => user?.remove());
  return () => user!;
}

function below(user: User, name: string): string[] {
  const directory = path.join(user.home, '.local/share/skiff', name);
  return fs.existsSync(directory) ? fs.readdirSync(directory) : [];
}

/** Processes of the user's containers that serve their file systems. */
function servers({ home }: User): number[] {
  return processIds().filter(pid => {
    try {
      return fs
        .readFileSync(`/proc/${pid}/cmdline`, 'latin1')
        .startsWith('fuse-overlayfs\0-o\0lowerdir=' + home);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** Nothing is left of any container. */
async function expectNothing(user: User): Promise<void> {
  expect(await user.output('ps', '-a', '-q')).toBe('');
  expect([below(user, 'containers'), below(user, 'ids')]).toEqual([[], []]);
  await until('no file system is served', () => servers(user).length === 0);
}

describeShifted('keep-id', () => {
  const user = useUser({ fuse: 0o666 });
  const keepId = (...args: string[]) => user().output('run', '--userns', 'keep-id', ...args);

  test('the user is inside who he is outside, root and all others are subordinate ids', async () => {
    expect(await keepId('sh', '-c', 'id -u; id -g; id -G')).toBe(`${UID}\n${UID}\n${UID}`);
    expect(toNumbers(await keepId('cat', '/proc/self/uid_map'))).toEqual(KEPT);
    expect(toNumbers(await keepId('cat', '/proc/self/gid_map'))).toEqual(KEPT);
    expect(await keepId('-u', '0', 'sh', '-c', 'id -u; stat -c %u:%g /bin/sh')).toBe('0\n0:0');
  });

  test('files of a bind mount are the own ones on both sides', async () => {
    const shared = path.join(user().home, 'shared');
    fs.mkdirSync(shared);
    fs.writeFileSync(path.join(shared, 'mine'), 'mine', { mode: 0o600 });
    for (const file of [shared, path.join(shared, 'mine')]) fs.chownSync(file, UID, UID);
    const script = 'stat -c %u:%g /v/mine; cat /v/mine; echo new >/v/new';
    expect(await keepId('-v', `${shared}:/v`, 'sh', '-c', script)).toBe(`${UID}:${UID}\nmine`);
    expect(fs.statSync(path.join(shared, 'new'))).toMatchObject({ uid: UID, gid: UID });
    // Root of the container is another one: it could read everything of the user's otherwise.
    fs.chmodSync(shared, 0o777);
    await keepId('-v', `${shared}:/v`, '-u', '0', 'sh', '-c', 'echo theirs >/v/theirs');
    expect(fs.statSync(path.join(shared, 'theirs'))).toMatchObject({ uid: FIRST_SUBORDINATE });
  });

  test('the rights are those of any user in a container, and no more in the namespace of the others', async () => {
    const status = await keepId('cat', '/proc/self/status');
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t00000000a80425fb$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const script = '! mount -t tmpfs x /tmp; ! mknod /tmp/a c 1 3; ! echo 1 >/proc/sys/vm/swappiness';
    await keepId('-u', '0', 'sh', '-c', `(${script}) 2>/dev/null`);
  });

  test('standard streams can be opened again, a terminal is the own one, volumes are', async () => {
    // A pipe; what the program here gets is a socket, which nobody can open again.
    const again = `${skiffProgram} run --userns keep-id sh -c 'echo a >/dev/stdout' | cat`;
    expect(await user().program(['sh', '-c', again])).toMatchObject({ stdout: 'a\n', stderr: '' });
    expect((await keepId('-t', 'sh', '-c', 'stat -c %u "$(tty)"')).trim()).toBe(String(UID));
    expect(await keepId('-v', 'data:/data', 'sh', '-c', 'touch /data/a && stat -c %u /data/a')).toBe(
      String(UID),
    );
    await user().output('volume', 'rm', 'data');
  });

  test(
    'a detached one: exec, diff, cp, export, commit, start again, rm',
    async () => {
      const command = 'mkdir /tmp/d; echo mine >/tmp/d/mine; sleep 600';
      await keepId('-d', '--name', 'bird', 'sh', '-c', command);
      await until('it has written', async () =>
        (await user().output('diff', 'bird')).includes('A /tmp/d/mine'),
      );
      expect(await user().output('inspect', '-f', '{{.Driver}}', 'bird')).toBe('fuse-overlayfs');
      expect(await user().output('exec', 'bird', 'id', '-u')).toBe(String(UID));
      const change = 'rm -r /home; echo a >/root/file; chown 1000:1001 /root/file';
      await user().output('exec', '-u', '0', 'bird', 'sh', '-c', change);
      expect((await user().output('diff', 'bird')).split('\n')).toEqual(
        expect.arrayContaining(['A /root/file', 'D /home']),
      );
      await user().skiff('cp', 'bird:/root/file', 'copy');
      expect(fs.statSync(path.join(user().home, 'copy'))).toMatchObject({ uid: UID, gid: UID, size: 2 });
      await user().skiff('cp', '-a', 'copy', 'bird:/tmp/d/theirs');
      expect(await user().output('exec', 'bird', 'stat', '-c', '%u', '/tmp/d/theirs')).toMatch(/^\d+$/);
      const owners = ['/root/file', '/tmp/d/mine', '/etc'];
      const list = ['stat', '-c', '%u:%g', ...owners];
      const expected = `1000:1001\n${UID}:${UID}\n0:0`;
      expect(await user().output('exec', '-u', '0', 'bird', ...list)).toBe(expected);
      await user().output('commit', 'bird', 'nest');
      // The numbers of an image are those of its containers, however they are mapped.
      expect(await user().output('run', 'nest', ...list)).toBe(expected);
      expect(await keepId('-u', '0', 'nest', ...list)).toBe(expected);
      await user().output('stop', '-t', '0', 'bird');
      await user().output('start', 'bird');
      expect(await user().output('exec', '-u', '0', 'bird', ...list)).toBe(expected);
      await user().output('rm', '-f', 'bird');
      await user().output('rmi', 'nest');
      await expectNothing(user());
    },
    TIMEOUT_MS,
  );

  test('it is found again where what keeps the namespaces was killed, and so are monitors', async () => {
    await keepId('-d', '--name', 'bird', 'sleep', '600');
    await user().endKeeper();
    expect(await user().output('exec', 'bird', 'id', '-u')).toBe(String(UID));
    const [monitor] = processIds().filter(isMonitor);
    process.kill(monitor!, 'SIGKILL');
    await until('it is seen', async () => (await user().output('ps', '-q')) === '');
    await user().output('start', 'bird');
    expect(await user().output('exec', 'bird', 'id', '-u')).toBe(String(UID));
    await user().output('rm', '-f', 'bird');
    await expectNothing(user());
  });

  test('what was killed leaves nothing behind the next command', async () => {
    const killed = user().skiff('run', '--userns', 'keep-id', 'sleep', '600');
    const [skiff] = await until('it runs', () => {
      const found = processIds().filter(pid => isRunOf(pid));
      return servers(user()).length > 0 && found.length > 0 && found;
    });
    process.kill(skiff!, 'SIGKILL');
    await killed;
    await expectNothing(user());
  });
});

/** It watches over a container of the user's. */
function isMonitor(pid: number): boolean {
  try {
    const program = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0];
    return program === 'skiff-monitor' && fs.readFileSync(`/proc/${pid}/uid_map`, 'utf8').includes(`${UID}`);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

/** The command line of the test above, in node. */
function isRunOf(pid: number): boolean {
  try {
    const [name, ...words] = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return name === 'node' && words.includes('keep-id') && words.includes('600');
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

describeShifted('auto', () => {
  const user = useUser({ fuse: 0o666 });
  const auto = (...args: string[]) => user().output('run', '--userns', 'auto', ...args);

  test('root inside is a subordinate id, and no two containers have one in common', async () => {
    const firsts: number[] = [];
    for (const name of ['one', 'two']) {
      await auto('-d', '--name', name, 'sleep', '600');
      const [map] = toNumbers(await user().output('exec', name, 'cat', '/proc/self/uid_map'));
      expect(map).toEqual([0, expect.any(Number), RANGE]);
      firsts.push(map![1]!);
      const pid = await user().output('inspect', '-f', '{{.State.Pid}}', name);
      const { uid, gid } = fs.statSync(`/proc/${pid}`);
      expect([uid, gid]).toEqual([map![1]! - 1 + FIRST_SUBORDINATE, map![1]! - 1 + FIRST_SUBORDINATE]);
    }
    expect(Math.abs(firsts[0]! - firsts[1]!)).toBeGreaterThanOrEqual(RANGE);
    await user().output('rm', '-f', 'one', 'two');
    await expectNothing(user());
  });

  test('it keeps its ids, and its files their numbers, from one start to the next', async () => {
    await auto('-d', '--name', 'bird', 'sleep', '600');
    const script = 'echo a >/root/file; chown 5:6 /root/file; cat /proc/self/uid_map';
    const before = await user().output('exec', 'bird', 'sh', '-c', script);
    await user().output('stop', '-t', '0', 'bird');
    await user().output('start', 'bird');
    const after = await user().output('exec', 'bird', 'sh', '-c', 'cat /proc/self/uid_map');
    expect(after).toBe(before);
    expect(await user().output('exec', 'bird', 'stat', '-c', '%u:%g', '/root/file')).toBe('5:6');
    await user().output('rm', '-f', 'bird');
    await expectNothing(user());
  });

  test('files of the user stay closed to root inside', async () => {
    const secret = path.join(user().home, 'secret');
    fs.writeFileSync(secret, 'secret', { mode: 0o600 });
    fs.chownSync(secret, UID, UID);
    const args = ['run', '--userns', 'auto', '-v', `${secret}:/secret`];
    const { code, stdout } = await user().skiff(...args, 'cat', '/secret');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(await auto('-v', `${secret}:/secret`, 'stat', '-c', '%u', '/secret')).toBe('65534');
  });

  test('a size, and what is beyond it or beyond all', async () => {
    const size = (count: number, ...args: string[]) =>
      user().skiff('run', '--userns', `auto:size=${count}`, ...args);
    expect(toNumbers((await size(5000, 'cat', '/proc/self/uid_map')).stdout.trim())).toEqual([
      [0, expect.any(Number), 5000],
    ]);
    const user5000 = await size(5000, '-u', '5000', 'true');
    expect(user5000.code).toBe(125);
    expect(user5000.stderr).toMatch(/does not have this user.*\n.*auto:size=/);
    const many = await size(70_000, 'true');
    expect({ code: many.code, stderr: many.stderr }).toEqual({
      code: 125,
      stderr: expect.stringMatching(/^skiff: cannot find 70000 ids .*\n.*\/etc\/subuid/) as string,
    });
    await expectNothing(user());
  });

  test('what only root can is refused', async () => {
    const shifted = await user().skiff('run', '--userns', 'auto', '-v', `${user().home}:/v:idmap`, 'true');
    expect(shifted.stderr).toMatch(/^skiff: cannot shift the ids of \/v: only root can\n.*keep-id/);
    const privileged = await user().skiff('run', '--userns', 'auto', '--privileged', 'true');
    expect([shifted.code, privileged.code]).toEqual([125, 125]);
  });
});

describeHere('where nothing shifts ids', () => {
  const user = useUser({ fuse: 0o600 });

  test('it is refused, with the program that would', async () => {
    for (const mode of ['auto', 'keep-id']) {
      const { code, stdout, stderr } = await user().skiff('run', '--userns', mode, 'true');
      expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
      expect(stderr).toMatch(
        /^skiff: cannot shift the ids of the container's files: .*\n.*package fuse-overlayfs/,
      );
    }
    expect(await user().output('run', '--userns', 'host', 'id', '-u')).toBe('0');
    await expectNothing(user());
  });
});

describeHere('without subordinate ids', () => {
  const user = useUser({ fuse: 0o666 }, false);

  test('there are none for a container, and it is told', async () => {
    for (const mode of ['auto', 'keep-id']) {
      const { code, stderr } = await user().skiff('run', '--userns', mode, 'true');
      expect(code).toBe(125);
      expect(stderr).toMatch(/--userns (auto|keep-id): there are no ids for it\n.*\/etc\/subuid/);
    }
  });
});

test('ids for containers are those of one line, without root', () => {
  const self = tempDirectory();
  try {
    fs.writeFileSync(path.join(self.path, 'uid_map'), '0 1000 1\n1 100000 10\n11 5 20000\n');
    fs.writeFileSync(path.join(self.path, 'gid_map'), '0 0 65536\n');
    expect(supplyOfUser(self.path)).toEqual({ uid: 11, gid: 1, count: 20_000 });
  } finally {
    self.remove();
  }
});
