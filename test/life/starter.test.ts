/** The starter makes a program's inits from the third start on: as they are without it, whatever becomes of it. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib/engine';
import type { Container, StartOptions } from '../../lib/engine/options';
import { describeAsRoot } from '../helpers/user-mode';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { readProc, sh, waiting } from '../run/support';
import { containersOf, haveStarter, isRunning, leftSince, lookAround, Program, startersOf } from './support';

const SECRET = `secret-${'x'.repeat(40)}-of-the-last-one`;

/** What a process shows of itself in /proc, without what differs between any two. */
function shown({ pid, id }: Container): Record<string, string | string[]> {
  const withoutIds = (text: string) => text.replaceAll(id, 'ID').replaceAll(id.slice(0, 12), 'ID');
  const status = readProc(pid, 'status').split('\n');
  const kept = /^(Umask|PPid|[UG]id|Groups|NS.*|Sig...|Shd.*|Cap...|NoNew.*|Seccomp.*|Spec.*|Threads):/;
  const stat = readProc(pid, 'stat')
    .replace(/^.*\) /, '')
    .split(' ');
  return {
    status: status.filter(line => kept.test(line)).map(line => line.replace(/\b\d{2,}\t1$/, 'PID\t1')),
    limits: readProc(pid, 'limits'),
    environment: withoutIds(readProc(pid, 'environ')),
    arguments: readProc(pid, 'cmdline'),
    descriptors: fs.readdirSync(`/proc/${pid}/fd`),
    mounts: withoutIds(readProc(pid, 'mountinfo').replace(/^\d+ \d+ \d+:\d+ /gm, '')),
    cgroups: withoutIds(readProc(pid, 'cgroup')),
    oom: readProc(pid, 'oom_score_adj'),
    // Its group and session are its own, and it has no terminal.
    session: [stat[2] === String(pid), stat[3] === String(pid), stat[4]].join(),
    directory: fs.readlinkSync(`/proc/${pid}/cwd`),
    parent: readProc(pid, 'status').match(/^PPid:\s*(\d+)/m)![1]!,
  };
}

describeAsRoot('mounts are copied, and nothing is there to be started in')('what a starter has made', () => {
  const options: StartOptions[] = [
    {},
    { user: '1234:99', env: { A: 'b' }, cwd: '/tmp', memory: '64m', pidsLimit: 20 },
    { capDrop: ['ALL'], securityOpt: ['no-new-privileges'], readOnly: true, ulimits: ['nofile=40'] },
    { privileged: true, network: 'host' },
    { volumes: [`${__dirname}:/a:ro`, `${__dirname}:/b`, '/etc/hostname:/etc/c'], tmpfs: ['/d'] },
  ];

  test.each(options)('is what it is without: %j', async given => {
    await using skiff = await Skiff.open({ root: tempRoot() });
    await using first = await waiting(skiff, given);
    expect(startersOf(process.pid)).toEqual([]);
    const without = shown(first);
    await haveStarter(skiff);
    await using later = await waiting(skiff, given);
    expect(shown(later)).toEqual(without);
    expect(without.parent).toBe(String(process.pid));
  });

  test('has nothing of what the one before was given', async () => {
    await using skiff = await Skiff.open({ root: tempRoot() });
    const pid = await haveStarter(skiff);
    await skiff.run(['true'], { env: { SECRET } });
    const found = () => memoryOf(pid).includes(SECRET);
    await until('it is forgotten', () => !found());
    // It is seen while it is there: the command's own memory.
    await using container = await waiting(skiff, { env: { SECRET } });
    expect(memoryOf(container.pid).includes(SECRET)).toBe(true);
    expect(found()).toBe(false);
  });

  test('costs it no memory, large environments neither', async () => {
    await using skiff = await Skiff.open({ root: tempRoot() });
    const pid = await haveStarter(skiff);
    const env = { LARGE: 'x'.repeat(100_000) };
    const run = async () => {
      const { stdout } = await skiff.run(sh('echo "${#LARGE}"'), { env });
      expect(stdout).toBe('100000\n');
      for (let i = 0; i < 20; i += 1) await skiff.run(['true'], { env: { A: 'y'.repeat(i * 500) } });
    };
    await run();
    const before = [privateKib(pid), fs.readdirSync(`/proc/${pid}/fd`).length];
    await run();
    await run();
    expect([privateKib(pid), fs.readdirSync(`/proc/${pid}/fd`).length]).toEqual(before);
  });

  test('it is not asked by a caller who is somebody else by now', async () => {
    const program = Program.start(
      `const skiff = await Skiff.open({ root });
       for (let i = 0; i < 4; i++) await skiff.run(['true']);
       process.seteuid(65534);
       say(await skiff.run(['true']).then(() => 'started', error => error.code));
       process.seteuid(0);
       say((await skiff.run(['true'])).exitCode);
       await skiff.close();`,
      tempRoot(),
    );
    expect(await program.heard()).toMatch(/^E(PERM|ACCES)$/);
    expect(await program.heard()).toBe(0);
    await program.ended;
  });

  test.each([
    'join-cgroup',
    'bind-source',
    'clone',
    'guard',
    'record',
    'go',
    'root',
    'mount',
    'bind',
    'cwd',
    'exec',
  ])('a failure at %s leaves nothing', async step => {
    const root = tempRoot();
    await using skiff = await Skiff.open({ root, fault: { step, code: 'EIO' } });
    const fail = () =>
      skiff.start(['true'], { memory: '64m', volumes: [`${__dirname}:/a`] }).then(
        () => undefined,
        (error: unknown) => error,
      );
    const told = [];
    for (let i = 0; i < 6; i += 1) {
      told.push(await fail());
      expect(containersOf(root)).toEqual([]);
      if (i === 2) await until('a starter', () => startersOf(process.pid)[0]);
    }
    for (const error of told) expect(error).toMatchObject({ name: 'SkiffError', step, code: 'EIO' });
  });

  test('a failure is told as it is without', async () => {
    const failures = async (skiff: Skiff) => {
      const told = [['nosuch'], ['/etc/passwd'], ['/etc']].map(command => skiff.run(command));
      const results = await Promise.allSettled(told);
      return results.map(result => (result.status === 'rejected' ? String(result.reason) : result.value));
    };
    await using skiff = await Skiff.open({ root: tempRoot() });
    const without = await failures(skiff);
    await haveStarter(skiff);
    expect(await failures(skiff)).toEqual(without);
  });
});

describeAsRoot('none is made')('its end', () => {
  test('comes with the runtime', async () => {
    const skiff = await Skiff.open({ root: tempRoot() });
    const pid = await haveStarter(skiff);
    await skiff.close();
    expect(isRunning(pid)).toBe(false);
  });

  test('by kill -9, again and again while containers start: each of them runs', async () => {
    const before = lookAround();
    const root = tempRoot();
    const skiff = await Skiff.open({ root });
    await haveStarter(skiff);
    let isOver = false;
    let killed = 0;
    const killer = (async () => {
      while (!isOver) {
        for (const pid of startersOf(process.pid)) killed += Number(process.kill(pid, 'SIGKILL'));
        await sleep(Math.random() * 20);
      }
    })();
    const runs = async () => {
      for (let i = 0; i < 40; i += 1) expect((await skiff.run(['echo', 'fine'])).stdout).toBe('fine\n');
    };
    // Another one is there a second later.
    const end = performance.now() + 5_000;
    while (performance.now() < end) await Promise.all([runs(), runs()]);
    isOver = true;
    await killer;
    expect(killed).toBeGreaterThanOrEqual(3);
    await skiff.close();
    expect(containersOf(root)).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  }, 60_000);

  test('with node, and what it was about to make goes, too', async () => {
    const before = lookAround();
    const root = tempRoot();
    for (let round = 0; round < 10; round += 1) {
      const program = Program.start(
        `const skiff = await Skiff.open({ root });
         for (let i = 0; i < 4; i++) await skiff.run(['true']);
         say('ready');
         for (;;) await Promise.all([1, 2, 3].map(() => skiff.start(['sleep', '1000'])));`,
        root,
      );
      await program.heard();
      const [starter] = await until('a starter', () => {
        const found = startersOf(program.pid);
        return found.length > 0 && found;
      });
      await sleep(Math.random() * 60);
      await program.kill();
      await until('it has ended', () => !isRunning(starter!));
    }
    expect(await run(['run', 'true'], { root })).toMatchObject({ code: 0, stderr: '' });
    expect(containersOf(root)).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  }, 120_000);

  test('where clone3(2) is forbidden, and starts go on without', async () => {
    const program = Program.start(
      `const skiff = await Skiff.open({ root });
       const codes = [];
       for (let i = 0; i < 6; i++) codes.push((await skiff.run(['sh', '-c', 'exit 7'])).exitCode);
       await new Promise(resolve => setTimeout(resolve, 1200));
       for (let i = 0; i < 3; i++) codes.push((await skiff.run(['sh', '-c', 'exit 7'])).exitCode);
       say(codes);
       await hear();
       await skiff.close();`,
      tempRoot(),
      ['python3', path.join(__dirname, 'without-clone3.py')],
    );
    expect(await program.heard()).toEqual(Array.from({ length: 9 }, () => 7));
    expect(startersOf(program.pid)).toEqual([]);
    program.tell();
    await program.ended;
  });
});

afterEach(() => Program.endAll());

/** What a process has written to its memory. */
function memoryOf(pid: number): Buffer {
  const maps = readProc(pid, 'maps').matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw.p .*$/gm);
  const memory = fs.openSync(`/proc/${pid}/mem`, 'r');
  try {
    const parts = [...maps].map(([, from, to]) => {
      const start = parseInt(from!, 16);
      const part = Buffer.alloc(parseInt(to!, 16) - start);
      fs.readSync(memory, part, 0, part.length, start);
      return part;
    });
    expect(parts.length).toBeGreaterThan(0);
    return Buffer.concat(parts);
  } finally {
    fs.closeSync(memory);
  }
}

function privateKib(pid: number): number {
  const fields = readProc(pid, 'smaps_rollup').matchAll(/^Private_\w+:\s*(\d+) kB$/gm);
  return [...fields].reduce((sum, [, kib]) => sum + Number(kib), 0);
}
