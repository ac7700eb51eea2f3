/** `--userns`: user namespaces that root makes for containers, seen from inside and from outside. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib';
import { identify } from '../../lib/common/identity';
import { isRootless } from '../../lib/common/rootless';
import { IdPool } from '../../lib/state/id-pool';
import { describeIf, itIf } from '../helpers/conditions';
import { run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { canShift } from '../rootless/user';
import { output, sh, statusField, useSkiff, waiting } from '../run/support';

const isRoot = process.geteuid?.() === 0 && !isRootless();
const describeRoot = (name: string, body: () => void) =>
  describeIf(isRoot, 'root is needed: the kernel shifts ids for nobody else', 'root')(name, body);
const skiff = useSkiff();
const directory = tempDirectory();
afterAll(() => directory.remove());

const AUTO = { userns: 'auto' } as const;

/** First id outside and how many, of a process. */
function mapOf(pid: number, kind: 'uid' | 'gid' = 'uid'): { outside: number; count: number } {
  const fields = fs.readFileSync(`/proc/${pid}/${kind}_map`, 'utf8').trim().split(/\s+/).map(Number);
  expect(fields).toHaveLength(3);
  expect(fields[0]).toBe(0);
  return { outside: fields[1]!, count: fields[2]! };
}

function namespaceOf(pid: number | 'self', kind: string): string {
  return fs.readlinkSync(`/proc/${pid}/ns/${kind}`);
}

/** Ids of the containers whose ranges are taken; one may be that of the next container. */
const claims = (of: Skiff) => {
  const ids = path.join(of.root, 'ids');
  const names = fs.existsSync(ids) ? fs.readdirSync(ids) : [];
  return names.map(name => fs.readlinkSync(path.join(ids, name)).split('.')[0]!);
};

describeRoot('auto', () => {
  test('root inside is nobody outside, and no two containers have an id in common', async () => {
    const [one, other] = [await waiting(skiff(), AUTO), await waiting(skiff(), AUTO)];
    try {
      const maps = [mapOf(one.pid), mapOf(other.pid)];
      expect(maps.map(({ count }) => count)).toEqual([65_536, 65_536]);
      expect(Math.abs(maps[0]!.outside - maps[1]!.outside)).toBeGreaterThanOrEqual(65_536);
      expect(mapOf(one.pid, 'gid')).toEqual(maps[0]);
      expect(statusField(one.pid, 'Uid')).toBe(Array(4).fill(maps[0]!.outside).join('\t'));
      expect(statusField(one.pid, 'Groups')).toBe(String(maps[0]!.outside));
      for (const kind of ['user', 'pid', 'mnt', 'net', 'ipc', 'uts'])
        expect(namespaceOf(one.pid, kind)).not.toBe(namespaceOf('self', kind));
      expect(claims(skiff())).toEqual(expect.arrayContaining([one.id, other.id]));
    } finally {
      await one.remove();
      await other.remove();
    }
    for (const { id } of [one, other]) expect(claims(skiff())).not.toContain(id);
  });

  test('its namespaces are its own: root inside has its rights in them, and none outside', async () => {
    const script =
      'id -u; ip link set lo down && echo down; chown 5:6 /root && stat -c %u:%g /root; mknod /x c 1 3 2>/dev/null || echo no node; cat /proc/sys/kernel/hostname >/dev/null; kill -0 1 && echo mine';
    expect(await output(skiff(), sh(script), { ...AUTO, capAdd: ['NET_ADMIN'] })).toBe(
      '0\ndown\n5:6\nno node\nmine',
    );
  });

  test('the image and what is written keep their numbers on disk', async () => {
    const container = await skiff().start(sh('echo text > /root/f; chown 7:8 /root/f'), {
      ...AUTO,
      keep: true,
    });
    await container.wait();
    const info = (await skiff().inspect(container.id)) as { directory: string };
    const written = fs.statSync(path.join(info.directory, 'writeLayer', 'root', 'f'));
    expect([written.uid, written.gid]).toEqual([7, 8]);
    await skiff().remove(container.id);
    expect(claims(skiff())).not.toContain(container.id);
  });

  test('a size, as podman has it; and users beyond it are refused', async () => {
    expect(await output(skiff(), ['cat', '/proc/self/uid_map'], { userns: 'auto:size=1000' })).toMatch(
      /\s1000$/,
    );
    const large = await output(skiff(), ['cat', '/proc/self/uid_map'], { userns: 'auto:size=200000' });
    expect(large).toMatch(/\s200000$/);
    await expect(skiff().run(['true'], { userns: 'auto:size=1000', user: '2000' })).rejects.toThrow();
    // One for each kind that was started lately.
    expect(claims(skiff()).length).toBeLessThanOrEqual(4);
  });

  test('the next one has its namespaces made ahead, of ids that nobody else gets', async () => {
    const own = await Skiff.open({ root: path.join(directory.path, 'ahead') });
    try {
      for (let start = 0; start < 2; start += 1) await own.run(['true'], AUTO);
      const [ahead] = await until('one is made', () => claims(own).length === 1 && claims(own));
      // And what comes after the claim.
      await sleep(100);
      const next = await waiting(own, AUTO);
      expect(next.id).toBe(ahead);
      expect(namespaceOf(next.pid, 'net')).not.toBe(namespaceOf('self', 'net'));
      const other = await waiting(own, AUTO);
      expect(mapOf(other.pid).outside).not.toBe(mapOf(next.pid).outside);
      for (const kind of ['user', 'net'])
        expect(namespaceOf(other.pid, kind)).not.toBe(namespaceOf(next.pid, kind));
      await next.remove();
      await other.remove();
      await until('another one is made', () => claims(own).length === 1);
      await until('it is given up', () => claims(own).length === 0);
      // Other ids than were made ready for.
      for (let start = 0; start < 2; start += 1) await own.run(['true'], AUTO);
      await until('a third one is made', () => claims(own).length === 1);
      const { stdout } = await own.run(['cat', '/proc/self/uid_map'], { userns: 'auto:size=1000' });
      expect(stdout).toMatch(/\s1000$/m);
    } finally {
      await own.close();
    }
    expect(claims(own)).toEqual([]);
  });

  test('its standard streams can be opened again, by root and by others', async () => {
    for (const user of ['0', '65534'])
      expect(await output(skiff(), sh('echo text > /dev/stdout'), { ...AUTO, user })).toBe('text');
  });

  const withDriver = async (storageDriver: string) => {
    const other = await Skiff.open({ root: tempRoot(), storageDriver });
    try {
      const script = 'touch /etc/new; stat -c %u:%g /etc /etc/new';
      expect(await output(other, sh(script), AUTO)).toBe('0:0\n0:0');
    } finally {
      await other.close();
    }
  };

  test('vfs, too', () => withDriver('vfs'));

  itIf(
    canShift,
    'fuse-overlayfs or /dev/fuse is missing',
    'fuse',
  )('fuse-overlayfs, too', () => withDriver('fuse-overlayfs'));

  test('a bind has the numbers of the host; with idmap those of the container', async () => {
    const bound = path.join(directory.path, 'bound');
    fs.mkdirSync(bound, { mode: 0o777 });
    fs.chmodSync(bound, 0o777);
    const owner = ['stat', '-c', '%u', '/b'];
    expect(await output(skiff(), owner, { ...AUTO, volumes: [`${bound}:/b`] })).toBe('65534');
    expect(await output(skiff(), owner, { ...AUTO, volumes: [`${bound}:/b:idmap`] })).toBe('0');
    await output(skiff(), sh('touch /b/shifted && chown 5 /b/shifted'), {
      ...AUTO,
      volumes: [`${bound}:/b:idmap`],
    });
    await output(skiff(), sh('touch /b/plain'), { ...AUTO, volumes: [`${bound}:/b`] });
    expect(fs.statSync(path.join(bound, 'shifted')).uid).toBe(5);
    expect(fs.statSync(path.join(bound, 'plain')).uid).toBeGreaterThan(65_535);
    await expect(skiff().run(['true'], { volumes: [`${bound}:/b:idmap`] })).rejects.toThrow(
      'no ids of its own',
    );
  });

  test('files of the host that are closed to others stay closed, though root is bound in', async () => {
    const secret = path.join(directory.path, 'secret');
    fs.writeFileSync(secret, 'secret', { mode: 0o600 });
    const read = sh('cat /s 2>/dev/null || echo closed');
    expect(await output(skiff(), read, { volumes: [`${secret}:/s`] })).toBe('secret');
    expect(await output(skiff(), read, { ...AUTO, volumes: [`${secret}:/s`] })).toBe('closed');
  });

  test('this process can be looked at as before', async () => {
    const before = fs.statSync('/proc/self/environ').uid;
    await output(skiff(), ['true'], AUTO);
    expect(fs.statSync('/proc/self/environ').uid).toBe(before);
    const dumpable = spawnSync('sh', ['-c', `cat /proc/${process.pid}/maps >/dev/null && echo yes`], {
      encoding: 'utf8',
    });
    expect(dumpable.stdout).toBe('yes\n');
  });
});

describeRoot('a detached one', () => {
  const name = `userns-${process.pid}`;
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr: stderr.toString() }).toEqual({ code: 0, stderr: '' });
    return stdout.toString().trim();
  };

  test('keeps its ids; exec, cp, diff, commit and a restart work with it', async () => {
    const file = path.join(directory.path, 'file');
    fs.writeFileSync(file, 'in');
    fs.chownSync(file, 5, 6);
    await cli(
      'run',
      '-d',
      '--userns',
      'auto',
      '--name',
      name,
      'sh',
      '-c',
      'echo log > /dev/stdout; exec sleep 300',
    );
    try {
      const pid = Number(await cli('inspect', '-f', '{{.State.Pid}}', name));
      const map = mapOf(pid);
      expect(map.outside).toBeGreaterThanOrEqual(65_536);
      expect(await cli('logs', name)).toBe('log');
      expect(
        await cli('exec', name, 'sh', '-c', 'id -u; touch /root/made; readlink /proc/self/ns/user'),
      ).toBe(`0\n${namespaceOf(pid, 'user')}`);
      expect(await cli('exec', '-u', '5', name, 'id', '-u')).toBe('5');
      const copied = await run(['cp', '-a', file, `${name}:/root/file`]);
      expect(copied.code).toBe(0);
      expect(await cli('exec', name, 'stat', '-c', '%u:%g', '/root/file')).toBe('5:6');
      const out = path.join(directory.path, 'out');
      expect((await run(['cp', '-a', `${name}:/root/file`, out])).code).toBe(0);
      expect([fs.statSync(out).uid, fs.statSync(out).gid]).toEqual([5, 6]);
      expect(await cli('diff', name)).toBe('C /root\nA /root/file\nA /root/made');
      await cli('commit', name, `${name}:latest`);
      expect(await cli('run', `${name}:latest`, 'stat', '-c', '%u:%g', '/root/file', '/root/made')).toBe(
        '5:6\n0:0',
      );
      await cli('restart', '-t', '0', name);
      const again = Number(await cli('inspect', '-f', '{{.State.Pid}}', name));
      expect(mapOf(again)).toEqual(map);
    } finally {
      await run(['rm', '-f', name]);
      await run(['rmi', `${name}:latest`]);
    }
  });
});

describeRoot('what others get of a shifted one', () => {
  const name = `shifted-${process.pid}`;
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.toString().trim();
  };
  afterEach(() => run(['rm', '-f', name]));

  test('cp to an archive tells the owners that the container has, running and stopped', async () => {
    const script =
      'mkdir /t; touch /t/f /t/g; chown 7:8 /t/f; ln -s f /t/l; chown -h 9:9 /t/l; exec sleep 300';
    await cli('run', '-d', '--userns', 'auto', '--name', name, 'sh', '-c', script);
    await until('it is made', () => run(['exec', name, 'test', '-L', '/t/l']).then(({ code }) => code === 0));
    const owners = async (source: string) => {
      const { code, stdout } = await run(['cp', `${name}:${source}`, '-']);
      expect(code).toBe(0);
      const listed = spawnSync('tar', ['--numeric-owner', '-tv'], { input: stdout, encoding: 'utf8' });
      const lines = listed.stdout.trim().split('\n');
      return lines
        .map(line => line.replace(/ -> .*/, '').split(/ +/))
        .map(words => `${words.at(-1)} ${words[1]}`);
    };
    const all = ['t/ 0/0', 't/f 7/8', 't/g 0/0', 't/l 9/9'];
    expect(await owners('/t')).toEqual(all);
    expect(await owners('/t/f')).toEqual(['f 7/8']);
    await cli('stop', '-t', '0', name);
    expect(await owners('/t')).toEqual(all);
  });

  test('--volumes-from keeps :idmap, at each start; where nothing is shifted it is a plain mount', async () => {
    const bound = path.join(directory.path, 'lent');
    fs.mkdirSync(bound);
    fs.chownSync(bound, 5, 6);
    const mounts = ['-v', `${bound}:/b:idmap`, '-v', `${name}:/v:idmap`];
    await cli('run', '-d', '--userns', 'auto', '--name', name, ...mounts, 'sleep', '300');
    const owners = ['stat', '-c', '%u:%g', '/b', '/v'];
    expect(await cli('exec', name, ...owners)).toBe('5:6\n0:0');
    expect(await cli('run', '--userns', 'auto', '--volumes-from', name, ...owners)).toBe('5:6\n0:0');
    expect(await cli('run', '--volumes-from', name, ...owners)).toBe('5:6\n0:0');
    const taker = await cli('create', '--userns', 'auto', '--volumes-from', name, ...owners);
    for (let turn = 0; turn < 2; turn += 1) expect(await cli('start', '-a', taker)).toBe('5:6\n0:0');
    await cli('rm', '-f', name, taker);
    await cli('volume', 'rm', name);
  });
});

describeRoot('the others', () => {
  test('keep-id as root: a namespace of its own with the numbers of the host', async () => {
    const script = 'cat /proc/self/uid_map | xargs; readlink /proc/self/ns/user';
    const [map, namespace] = (await output(skiff(), sh(script), { userns: 'keep-id' })).split('\n');
    expect(map).toBe('0 0 4294967295');
    expect(namespace).not.toBe(namespaceOf('self', 'user'));
  });

  test.each(['host', ''])('%j is the namespace of skiff', async userns => {
    const own = await output(skiff(), ['readlink', '/proc/self/ns/user'], { userns });
    expect(own).toBe(namespaceOf('self', 'user'));
  });

  test('a privileged container has none', async () => {
    await expect(skiff().run(['true'], { ...AUTO, privileged: true })).rejects.toThrow(
      'privileged mode is incompatible with user namespaces',
    );
  });

  test.each(['auto:', 'auto:size=0', 'auto:size=x', 'private'])('%j is refused', async userns => {
    await expect(skiff().run(['true'], { userns })).rejects.toThrow(`invalid USER mode: ${userns}`);
  });
});

describeRoot('the sandbox', () => {
  test('has a range of its own each time', async () => {
    const maps = await Promise.all(
      [1, 2].map(() => output(skiff(), sh('cat /proc/self/uid_map'), { profile: 'sandbox' })),
    );
    const firsts = maps.map(map => Number(map.trim().split(/\s+/)[1]));
    expect(Math.min(...firsts)).toBeGreaterThanOrEqual(65_536);
    expect(firsts[0]).not.toBe(firsts[1]);
  });
});

describe('the pool of ids', () => {
  const owner = identify(process.pid)!;
  const supply = { uid: 1_000_000, gid: 2_000_000, count: 3 * 65_536 };
  const poolIn = (name: string) => new IdPool(path.join(directory.path, name), 65_536);
  const id = (digit: number) => String(digit).repeat(64);

  test('gives what nobody has, in a row where it is long, until there is no more', () => {
    const pool = poolIn('pool');
    const long = pool.claim(id(0), { count: 65_537, supply }, owner);
    expect(long).toEqual({ uid: 1_000_000, gid: 2_000_000, count: 65_537 });
    expect(pool.claim(id(1), { count: 10, supply }, owner)).toEqual({
      uid: 1_131_072,
      gid: 2_131_072,
      count: 10,
    });
    expect(() => pool.claim(id(2), { count: 1, supply }, owner)).toThrow('cannot find 1 ids');
    pool.free(id(1), long);
    expect(() => pool.claim(id(2), { count: 1, supply }, owner)).toThrow('cannot find 1 ids');
    pool.free(id(0), long);
    expect(pool.claim(id(2), { count: 1, supply }, owner).count).toBe(1);
  });

  test("what containers have in common is nobody's to give back", () => {
    const pool = poolIn('common');
    const taken = pool.claim(id(0), { count: 65_536, supply }, owner);
    expect(pool.paths({ uid: 0, gid: 0, count: 0xffff_ffff })).toEqual([]);
    expect(pool.paths({ uid: 1, gid: 1, count: 65_536, callerUid: 1000, callerGid: 1000 })).toEqual([]);
    expect(pool.paths(taken)).toHaveLength(1);
  });

  test('a sweep gives back what a process left that is gone, and nothing else', () => {
    const pool = poolIn('swept');
    const gone = { ...owner, startTime: owner.startTime + 1 };
    pool.claim(id(0), { count: 1, supply }, gone);
    pool.claim(id(1), { count: 1, supply }, gone);
    pool.claim(id(2), { count: 1, supply }, owner);
    pool.sweep(container => container === id(1));
    expect(fs.readdirSync(path.join(directory.path, 'swept'))).toHaveLength(2);
  });
});
