/** What is compiled once for the same options must never be taken for other options. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { output, sh, useSkiff } from './support';

const skiff = useSkiff();

test('each container has its own id in its host name and environment', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const { id, stdout } = await skiff().run(sh('hostname; echo $HOSTNAME'));
    expect(stdout).toBe(`${id.slice(0, 12)}\n${id.slice(0, 12)}\n`);
    seen.add(id);
  }
  expect(seen.size).toBe(4);
});

test('options that differ in one thing give what they ask for, in any order', async () => {
  const ask = sh('echo $A $PWD $(id -u) $(hostname) $(ulimit -n)');
  const options = [
    { env: { A: '1' }, hostname: 'h' },
    { env: { A: '2' }, hostname: 'h' },
    { env: { A: '1' }, hostname: 'h', cwd: '/tmp' },
    { env: { A: '1' }, hostname: 'h', user: '7' },
    { env: { A: '1' }, hostname: 'h', ulimits: ['nofile=77:77'] },
  ];
  const first = [];
  for (const each of options) first.push(await output(skiff(), ask, each));
  expect(new Set(first).size).toBe(options.length);
  for (const [index, each] of [...options.entries()].reverse())
    expect(await output(skiff(), ask, each)).toBe(first[index]);
});

test('lists and objects that are changed between two starts, and are the same ones', async () => {
  const host = fs.realpathSync(tempDirectory().path);
  fs.writeFileSync(path.join(host, 'one'), 'one');
  fs.writeFileSync(path.join(host, 'two'), 'two');
  const options = {
    env: { A: '1' } as Record<string, string>,
    ulimits: ['nofile=77:77'],
    volumes: [`${host}/one:/file`],
    tmpfs: ['/t'],
  };
  const command = sh('echo $A $B $(ulimit -n) $(cat /file) $(grep -c " /[tu] " /proc/self/mountinfo)');
  const ask = () => output(skiff(), command, options);
  for (let round = 0; round < 3; round += 1) expect(await ask()).toBe('1 77 one 1');
  options.env.A = '2';
  expect(await ask()).toBe('2 77 one 1');
  options.env.B = '3';
  expect(await ask()).toBe('2 3 77 one 1');
  delete options.env.A;
  expect(await ask()).toBe('3 77 one 1');
  options.ulimits[0] = 'nofile=78:78';
  expect(await ask()).toBe('3 78 one 1');
  options.volumes[0] = `${host}/two:/file`;
  expect(await ask()).toBe('3 78 two 1');
  options.tmpfs.push('/u');
  expect(await ask()).toBe('3 78 two 2');
  command[2] = 'echo other';
  expect(await ask()).toBe('other');
  fs.rmSync(host, { recursive: true });
});

test('a profile of seccomp is read in each start', async () => {
  const directory = tempDirectory();
  const file = path.join(directory.path, 'profile.json');
  const write = (defaultAction: string) => fs.writeFileSync(file, JSON.stringify({ defaultAction }));
  const options = { securityOpt: [`seccomp=${file}`] };
  try {
    write('SCMP_ACT_ALLOW');
    for (let round = 0; round < 2; round += 1)
      expect(await output(skiff(), sh('echo fine'), options)).toBe('fine');
    write('SCMP_ACT_ERRNO');
    expect(
      (await skiff()
        .run(sh('echo fine'), options)
        .catch((error: unknown) => error)) as object,
    ).not.toMatchObject({
      exitCode: 0,
    });
  } finally {
    directory.remove();
  }
});

test('a limit that is none is refused, also after a run without', async () => {
  await skiff().run(['true']);
  for (const memory of [NaN, Infinity, 'abc'])
    await expect(skiff().run(['true'], { memory })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(skiff().run(['true'], { pidsLimit: NaN })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('more distinct options than are remembered', async () => {
  for (let number = 0; number < 70; number += 1) {
    const env = { NUMBER: `${number}` };
    expect(await output(skiff(), sh('echo $NUMBER'), { env })).toBe(`${number}`);
  }
  expect(await output(skiff(), sh('echo $NUMBER'), { env: { NUMBER: '0' } })).toBe('0');
});

test("a directory's accounts that come and go", async () => {
  const rootfs = tempDirectory();
  try {
    execFileSync('tar', ['-xf', path.join(projectRoot, 'busybox.tar'), '-C', rootfs.path]);
    const etc = path.join(rootfs.path, 'etc');
    fs.rmSync(etc, { recursive: true });
    const home = () => output(skiff(), sh('echo $HOME'), { rootfs: rootfs.path, user: '77' });
    for (let round = 0; round < 3; round += 1) expect(await home()).toBe('/');
    fs.mkdirSync(etc);
    expect(await home()).toBe('/');
    fs.writeFileSync(path.join(etc, 'passwd'), 'someone:x:77:77::/there:/bin/sh\n');
    expect(await home()).toBe('/there');
    fs.rmSync(path.join(etc, 'passwd'));
    for (let round = 0; round < 2; round += 1) expect(await home()).toBe('/');
  } finally {
    rootfs.remove();
  }
});

test("a directory's accounts are those of the moment, whether or not they change between two starts", async () => {
  const rootfs = tempDirectory();
  try {
    execFileSync('tar', ['-xf', path.join(projectRoot, 'busybox.tar'), '-C', rootfs.path]);
    const passwd = path.join(rootfs.path, 'etc/passwd');
    const home = () => output(skiff(), sh('echo $HOME; id -u'), { rootfs: rootfs.path, user: 'someone' });
    const old = new Date(Date.now() - 60_000);
    for (const [uid, directory] of [
      ['7', '/seven'],
      ['8', '/eight'],
    ] as const) {
      fs.writeFileSync(passwd, `someone:x:${uid}:${uid}::${directory}:/bin/sh\n`);
      fs.utimesSync(passwd, old, old);
      for (let round = 0; round < 2; round += 1) expect(await home()).toBe(`${directory}\n${uid}`);
      // Remembered from here on: the file's ctime is a second old.
      await sleep(1_100);
      for (let round = 0; round < 2; round += 1) expect(await home()).toBe(`${directory}\n${uid}`);
    }
  } finally {
    rootfs.remove();
  }
});
