/** Containers of a user without privileges, seen from inside and by root of the host. */
import fs from 'node:fs';
import path from 'node:path';
import { describeIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { FIRST_SUBORDINATE, UID, User, whyNot } from './user';

const reason = whyNot();
const describeHere = describeIf(reason === undefined, reason ?? '', 'rootless');

const TIMEOUT_MS = 60_000;

function useUser(subordinates: boolean): () => User {
  let user: User | undefined;
  beforeAll(() => {
    user = new User(subordinates);
  });
  afterAll(() => user?.remove());
  return () => user!;
}

function fieldsOf(status: string): Record<string, string> {
  return Object.fromEntries(
    [...status.matchAll(/^(\w+):[ \t]*(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
}

describeHere('with subordinate ids', () => {
  const user = useUser(true);

  test('root in the container is the user outside, with the rights of any container', async () => {
    const status = fieldsOf(await user().output('run', 'cat', '/proc/self/status'));
    expect(status).toMatchObject({ CapEff: '00000000a80425fb', CapBnd: '00000000a80425fb', Seccomp: '2' });
    expect(status.Uid).toBe('0\t0\t0\t0');
    const map = await user().output('run', 'cat', '/proc/self/uid_map');
    expect(map.split('\n').map(line => line.trim().split(/\s+/).map(Number))).toEqual([
      [0, UID, 1],
      [1, FIRST_SUBORDINATE, 65_536],
    ]);
  });

  test('files belong to the user, or to the subordinate ids', async () => {
    const shared = path.join(user().home, 'shared');
    await user().output('run', '-v', `${shared}:/v`, 'sh', '-c', 'echo a >/v/mine; chmod 777 /v');
    await user().output('run', '-v', `${shared}:/v`, '-u', '33:44', 'sh', '-c', 'echo b >/v/theirs');
    const owners = ['mine', 'theirs'].map(name => fs.statSync(path.join(shared, name)));
    expect(owners.map(({ uid, gid }) => [uid, gid])).toEqual([
      [UID, UID],
      [FIRST_SUBORDINATE + 32, FIRST_SUBORDINATE + 43],
    ]);
  });

  test('what only root of the host may read stays closed', async () => {
    const secret = path.join(path.dirname(user().home), 'secret');
    fs.writeFileSync(secret, 'secret', { mode: 0o600 });
    const { code, stdout } = await user().skiff('run', '-v', `${secret}:/secret`, 'cat', '/secret');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const open = await user().skiff('run', '--privileged', 'sh', '-c', 'echo 1 >/proc/sys/vm/swappiness');
    expect(open.code).not.toBe(0);
  });

  test('devices work, and none can be made', async () => {
    const script =
      'echo a >/dev/null && head -c 2 /dev/zero | wc -c && ! mknod /tmp/kmsg c 1 11 2>/dev/null && tty';
    expect((await user().skiff('run', 'sh', '-c', script)).stdout).toBe('2\nnot a tty\n');
  });

  test('/sys is read-only, beside the network of the host too', async () => {
    for (const network of ['none', 'host']) {
      const { code, stderr } = await user().skiff('run', '--network', network, 'touch', '/sys/kernel/x');
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('Read-only') as string });
    }
  });

  test(
    'run -d, exec, commit, cp, stop, rm',
    async () => {
      await user().output('run', '-d', '--name', 'bird', 'sleep', '600');
      expect(await user().output('exec', 'bird', 'id', '-u')).toBe('0');
      await user().output('exec', 'bird', 'sh', '-c', 'rm -r /home && mkdir /home && echo new >/home/file');
      expect(await user().output('diff', 'bird')).toContain('A /home/file');
      await user().output('commit', 'bird', 'nest');
      expect(await user().output('run', '--image', 'nest', 'cat', '/home/file')).toBe('new');
      await user().skiff('cp', 'bird:/home/file', 'copy');
      expect(fs.statSync(path.join(user().home, 'copy'))).toMatchObject({ uid: UID, gid: UID, size: 4 });
      expect(await user().output('stop', '-t', '0', 'bird')).toBe('bird');
      expect(await user().output('rm', 'bird')).toBe('bird');
      await user().output('rmi', 'nest');
      expect(fs.readdirSync(path.join(user().home, '.local/share/skiff/containers'))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test('a limit that nobody has handed over is refused, and told', async () => {
    const { code, stdout, stderr } = await user().skiff('run', '-m', '64m', 'echo', 'ran');
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
    expect(stderr).toMatch(/^skiff: cannot limit memory: .*\n.*(Delegate=yes|cgroup v2)/);
  });

  test('a state directory of somebody else is refused', async () => {
    const other = path.join(path.dirname(user().home), 'other');
    fs.mkdirSync(other);
    fs.chmodSync(other, 0o777);
    const { code, stderr } = await user().skiff('--root', other, 'run', 'true');
    expect(code).toBe(125);
    expect(stderr).toContain(`cannot use the root directory: ${other}: it belongs to another user`);
  });

  test('commands that begin at once share one user namespace', async () => {
    await user().endKeeper();
    const namespaces = Array.from({ length: 4 }, () =>
      user().output('run', 'readlink', '/proc/self/ns/user'),
    );
    expect(new Set(await Promise.all(namespaces)).size).toBe(1);
  });

  test('programs use the API by unshare, and are told of it without', async () => {
    const script = `require(${JSON.stringify(projectRoot)}).Skiff.open().then(
      async skiff => { console.log((await skiff.run(['id', '-u'])).stdout.trim()); await skiff.close(); },
      ({ code, remedy }) => console.log(code, remedy),
    )`;
    const bare = await user().program([process.execPath, '-e', script]);
    expect(bare.stdout).toMatch(/^EPERM .*skiff unshare/);
    expect(await user().output('unshare', process.execPath, '-e', script)).toBe('0');
    // The namespaces are seen by themselves, whatever becomes of the environment.
    const alone = ['env', '-i', `HOME=${user().home}`, process.execPath, '-e', script];
    expect(await user().output('unshare', ...alone)).toBe('0');
    expect((await user().skiff('unshare', 'nope')).code).toBe(127);
    expect((await user().skiff('unshare', 'sh', '-c', 'exit 9')).code).toBe(9);
  });

  test('doctor tells of the user namespace', async () => {
    expect((await user().skiff('doctor')).stdout).toMatch(
      new RegExp(`^user +ok +uid ${UID}, root of a user namespace with subordinate ids$`, 'm'),
    );
  });
});

describeHere('what keeps the namespaces', () => {
  const user = useUser(true);

  test('holds nothing: no descriptor, no directory, no group', async () => {
    await user().output('run', 'true');
    const process = `/proc/${user().keeper()}`;
    expect(fs.readdirSync(`${process}/fd`)).toEqual([]);
    expect(fs.readlinkSync(`${process}/cwd`)).toBe('/');
    expect(fieldsOf(fs.readFileSync(`${process}/status`, 'utf8'))).toMatchObject({
      Uid: [UID, UID, UID, UID].join('\t'),
      Gid: [UID, UID, UID, UID].join('\t'),
      Groups: '',
    });
  });

  test('containers that run are found again where it was killed', async () => {
    await user().output('run', '-d', '--name', 'bird', 'sleep', '600');
    await user().endKeeper();
    expect(await user().output('exec', 'bird', 'id', '-u')).toBe('0');
    expect(await user().output('rm', '-f', 'bird')).toBe('bird');
    await user().output('run', 'true');
  });

  test('is there again where it was killed', async () => {
    await user().output('run', 'true');
    const before = user().keeper();
    await user().endKeeper();
    expect(await user().output('run', 'id', '-u')).toBe('0');
    expect(user().keeper()).not.toBe(before);
  });
});

describeHere('where the ids can not be mapped', () => {
  test('the program that failed is named, and nothing is left', async () => {
    const user = new User(true, { brokenHelper: true });
    const { code, stderr } = await user.skiff('run', 'true');
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /^skiff: cannot map the ids of the user namespace: \/usr\/bin\/newuidmap: .*\n.*\/etc\/subuid/,
    );
    const doctor = await user.skiff('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(new RegExp(`^user +missing +uid ${UID}: cannot map`, 'm'));
    user.removeFiles();
  });
});

describeHere('without subordinate ids', () => {
  const user = useUser(false);

  test('root is all that there is', async () => {
    expect((await user().output('run', 'cat', '/proc/self/uid_map')).trim().split(/\s+/)).toEqual([
      '0',
      String(UID),
      '1',
    ]);
    expect(await user().output('run', 'cat', '/proc/self/setgroups')).toBe('deny');
    expect((await user().skiff('run', 'chown', '1:1', '/etc')).code).toBe(1);
    await user().output('run', '-d', '--name', 'bird', 'sleep', '600');
    expect(await user().output('exec', 'bird', 'id', '-u')).toBe('0');
    await user().output('rm', '-f', 'bird');
  });

  test('another user is refused, with what it takes', async () => {
    const { code, stderr } = await user().skiff('run', '-u', '1000', 'true');
    expect(code).toBe(125);
    expect(stderr).toMatch(/id 1000 is not mapped .*\n.*\/etc\/subuid/);
    expect((await user().skiff('doctor')).stdout).toMatch(/^user +note .*without subordinate ids/m);
  });
});
