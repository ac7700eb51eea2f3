/**
 * What a start needs and the machine does not have: descriptors, processes, disk space, inodes, a file system that
 * can be written to, short paths, a cgroup controller. Each is a clear error, nothing is left, the next run works.
 * The shortages are real but private: limits of a child process, file systems and a cgroup of the test's own.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { run, skiffProgram } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { canLimit, isUser } from '../helpers/user-mode';
import { itIf } from '../helpers/conditions';
import { containersOf, leftSince, lookAround, mountsBelow, Program } from './support';

afterEach(() => Program.endAll());

interface Outcome {
  /** How much of it there was. */
  free: number;
  error?: { name: string; code: string; message: string; remedy?: string };
  left: string[];
}

/** Its code, its single line, and nothing left. */
function expectClear({ error, left }: Outcome, codes: string[]): void {
  expect(error).toMatchObject({ name: 'SkiffError', code: expect.stringMatching(`^(${codes.join('|')})$`) });
  expect(error!.message).toMatch(/^[^\n]+$/);
  expect(left).toEqual([]);
}

async function attempt(root: string, free: number): Promise<Outcome> {
  try {
    await using skiff = await Skiff.open({ root });
    await skiff.run(['true'], { name: 'short' });
    await skiff.close();
    return { free, left: leftIn(root) };
  } catch (error) {
    return { free, error: error as Outcome['error'], left: leftIn(root) };
  }
}

function leftIn(root: string): string[] {
  return [...containersOf(root), ...mountsBelow(root)];
}

/** A tmpfs of the test's own as the root directory. */
async function onTmpfs<T>(options: string, use: (root: string) => Promise<T>): Promise<T> {
  const root = tempRoot();
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'skiff-life', root]);
  try {
    return await use(root);
  } finally {
    execFileSync('umount', [root]);
  }
}

/**
 * Give back a scarce thing bit by bit until a run works.
 *
 * @param limit attempts after which it must have worked
 */
async function untilItWorks(root: string, limit: number, give: (free: number) => void): Promise<Outcome[]> {
  const failures: Outcome[] = [];
  for (let free = 0; free <= limit; free += 1) {
    give(free);
    const outcome = await attempt(root, free);
    if (!outcome.error) {
      expect(outcome.left).toEqual([]);
      return failures;
    }
    failures.push(outcome);
  }
  throw new Error(`did not work with ${limit}: ${JSON.stringify(failures.at(-1))}`);
}

test('no descriptors', async () => {
  const root = tempRoot();
  await run(['run', 'true'], { root });
  const before = lookAround();
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     await skiff.run(['true']);
     const left = () => ['containers', 'names'].flatMap(part =>
       fs.existsSync(root + '/' + part)
           ? fs.readdirSync(root + '/' + part).filter(name => !name.startsWith('.ahead-')) : []);
     for (let free = 0; free <= 40; free += 1) {
       const held = [];
       for (;;) {
         try { held.push(fs.openSync('/dev/null')); } catch (error) { break; }
       }
       for (const fd of held.splice(0, free)) fs.closeSync(fd);
       let error;
       try {
         await skiff.run(['true'], { name: 'short' });
       } catch (reason) {
         error = { name: reason.name, code: reason.code, message: reason.message, remedy: reason.remedy };
       }
       for (const fd of held) fs.closeSync(fd);
       say({ free, error, left: left() });
     }
     say({ free: -1, left: left(), error: (await skiff.run(['true'])).exitCode || undefined });
     await skiff.close();`,
    root,
    ['prlimit', '--nofile=100:100'],
  );
  const outcomes: Outcome[] = [];
  for (let each = await program.heard<Outcome>(); each; each = await program.heard<Outcome>())
    outcomes.push(each);
  await program.ended;
  expect(outcomes.at(-1)).toEqual({ free: -1, left: [] });
  expect(outcomes[0]!.error).toBeDefined();
  expect(outcomes.at(-2)!.error).toBeUndefined();
  for (const outcome of outcomes.filter(({ error }) => error)) {
    expectClear(outcome, ['EMFILE']);
    expect(outcome.error!.remedy).toMatch(/ulimit -n/);
  }
  expect(await leftSince(before)).toEqual([]);
});

test.each([
  ['anew', 'touch'],
  ['from what the last one has left', 'true'],
])('no descriptors while the next start is made ready: %s', async (_, command) => {
  const root = tempRoot();
  await run(['run', 'true'], { root });
  const before = lookAround();
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     const ready = () => fs.readdirSync(root + '/containers').some(name => name.startsWith('.ahead-'));
     for (let free = 0; free <= 12; free += 1) {
       // Made ready from the third start on, while the last one runs, and used up by that one.
       for (let each = 0; each < 3; each += 1) await skiff.run(['${command}', '/written']);
       const last = await skiff.start(['sleep', '60'], { stdin: 'ignore' });
       const held = [];
       for (;;) {
         try { held.push(fs.openSync('/dev/null')); } catch (error) { break; }
       }
       // What is looked with needs one.
       const own = held.pop();
       for (const fd of held.splice(0, free)) fs.closeSync(fd);
       await new Promise(resolve => setTimeout(resolve, 40));
       fs.closeSync(own);
       const wasReady = ready();
       for (const fd of held) fs.closeSync(fd);
       last.kill('SIGKILL');
       await last.ended;
       const { exitCode } = await skiff.run(['true']).catch(({ message }) => ({ exitCode: message }));
       say({ free, wasReady, exitCode });
     }
     await skiff.close();`,
    root,
    ['prlimit', '--nofile=100:100'],
  );
  const outcomes: { free: number; wasReady: boolean; exitCode: number | string }[] = [];
  for (let each = await program.heard<(typeof outcomes)[0]>(); each; each = await program.heard())
    outcomes.push(each);
  await program.ended;
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual(Array<number>(13).fill(0));
  expect(outcomes.at(-1)!.wasReady).toBe(true);
  expect(await leftSince(before)).toEqual([]);
});

test('no descriptors for the bind mounts', async () => {
  const root = tempRoot();
  await run(['run', 'true'], { root });
  const before = lookAround();
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     const volumes = count => Array.from({ length: count }, (_, index) => '/usr:/m/' + index + ':ro');
     const open = () => fs.readdirSync('/proc/self/fd').length;
     ${isUser ? '' : 'await haveStarter(skiff);'}
     const { exitCode } = await skiff.run(['true'], { volumes: volumes(${isUser ? 80 : 90}) });
     const held = open();
     const error = await skiff.run(['true'], { volumes: volumes(100) }).catch(
       ({ name, code, step, path, remedy }) => ({ name, code, step, path, remedy }));
     say({ exitCode, error, more: open() > held });
     await skiff.close();`,
    root,
    ['prlimit', '--nofile=100:100'],
  );
  expect(await program.heard()).toEqual({
    exitCode: 0,
    error: {
      name: 'SkiffError',
      code: 'EMFILE',
      step: 'bind-source',
      path: '/usr',
      remedy: 'Each bind mount takes an open file while the container starts: raise the limit (ulimit -n).',
    },
    more: false,
  });
  await program.ended;
  expect(containersOf(root)).toEqual([]);
  expect(await leftSince(before)).toEqual([]);
});

itIf(
  canLimit && fs.existsSync('/sys/fs/cgroup/pids/cgroup.procs'),
  'no pids controller of cgroup v1 to limit by',
)('no processes', async () => {
  const root = tempRoot();
  await run(['run', 'true'], { root });
  const before = lookAround();
  const cgroup = `/sys/fs/cgroup/pids/life-${process.pid}`;
  fs.mkdirSync(cgroup);
  const program = Program.start(
    `const first = await Skiff.open({ root });
       // All of libuv's threads are there from here on.
       await Promise.all(Array.from({ length: 8 }, () => first.run(['true'])));
       // Nor is anything just being made ahead, which takes a process for a moment.
       await new Promise(resolve => setTimeout(resolve, 300));
       say('ready');
       for (let line; (line = await hear()) !== undefined; ) {
         let error;
         try {
           const skiff = line === 'old' ? first : await Skiff.open({ root });
           try {
             await skiff.run(['true'], { name: 'short' });
           } finally {
             if (line !== 'old') await skiff.close();
           }
         } catch (reason) {
           error = { name: reason.name, code: reason.code, message: reason.message, remedy: reason.remedy };
         }
         const left = ['containers', 'names'].flatMap(part =>
           fs.readdirSync(root + '/' + part).filter(name => !name.startsWith('.ahead-')));
         say({ error, left });
       }
       await first.close();`,
    root,
  );
  const ask = async (which: string, free: number) => {
    const used = Number(fs.readFileSync(path.join(cgroup, 'pids.current'), 'utf8'));
    fs.writeFileSync(path.join(cgroup, 'pids.max'), free < 0 ? 'max' : String(used + free));
    program.tell(which);
    return (await program.heard<Outcome>())!;
  };
  try {
    fs.writeFileSync(path.join(cgroup, 'cgroup.procs'), String(program.pid));
    expect(await program.heard()).toBe('ready');
    expectClear(await ask('old', 0), ['EAGAIN']);
    expectClear(await ask('new', 0), ['EAGAIN']);
    // Enough for the thread that waits for ends, or with it for the watchdog, but not for the container.
    expectClear(await ask('new', 1), ['EAGAIN']);
    expectClear(await ask('new', 2), ['EAGAIN']);
    expect(await ask('old', -1)).toEqual({ left: [] });
    expect(await ask('new', -1)).toEqual({ left: [] });
  } finally {
    program.child.stdin!.end();
    await program.ended;
    fs.rmdirSync(cgroup);
  }
  expect(await leftSince(before)).toEqual([]);
});

describe('a full disk', () => {
  test('from the first start on', () =>
    onTmpfs('size=256k', async root => {
      const outcome = await attempt(root, 0);
      expectClear(outcome, ['ENOSPC']);
      expect(outcome.error!.remedy).toMatch(/space/);
      const layers = path.join(root, 'images', 'layers');
      expect(fs.existsSync(layers) ? fs.readdirSync(layers) : []).toEqual([]);
      execFileSync('mount', ['-o', 'remount,size=64m', root]);
      expect((await attempt(root, 1)).error).toBeUndefined();
    }));

  test('later, with every number of pages that are still free', () =>
    onTmpfs('size=16m', async root => {
      expect((await attempt(root, 0)).error).toBeUndefined();
      const before = lookAround();
      const ballast = path.join(root, 'ballast');
      const page = Buffer.alloc(4096);
      const failures = await untilItWorks(root, 64, free => {
        const fd = fs.openSync(ballast, 'a');
        try {
          for (let written = 0; written < 10_000; written += 1) fs.writeSync(fd, page);
          throw new Error('the disk does not fill up');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        } finally {
          fs.closeSync(fd);
        }
        fs.truncateSync(ballast, fs.statSync(ballast).size - free * page.length);
      });
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expectClear(failure, ['ENOSPC']);
      expect(await leftSince(before)).toEqual([]);
    }));
});

describe('no inodes', () => {
  test('from the first start on', () =>
    onTmpfs('nr_inodes=20', async root => {
      expectClear(await attempt(root, 0), ['ENOSPC']);
      execFileSync('mount', ['-o', 'remount,nr_inodes=10000', root]);
      expect((await attempt(root, 1)).error).toBeUndefined();
    }));

  test('later, with every number of inodes that are still free', () =>
    onTmpfs('nr_inodes=2000', async root => {
      expect((await attempt(root, 0)).error).toBeUndefined();
      const before = lookAround();
      const ballast = path.join(root, 'ballast');
      fs.mkdirSync(ballast);
      let made = 0;
      const failures = await untilItWorks(root, 64, free => {
        try {
          for (; made < 3_000; made += 1) fs.writeFileSync(path.join(ballast, String(made)), '');
          throw new Error('inodes do not run out');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
        for (let given = 0; given < free; given += 1) fs.rmSync(path.join(ballast, String((made -= 1))));
      });
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expectClear(failure, ['ENOSPC']);
      expect(await leftSince(before)).toEqual([]);
    }));
});

describe('a read-only file system', () => {
  test.each(['empty', 'used before'])('%s', state =>
    onTmpfs('size=64m', async root => {
      if (state === 'used before') expect((await attempt(root, 0)).error).toBeUndefined();
      execFileSync('mount', ['-o', 'remount,ro', root]);
      const outcome = await attempt(root, 0);
      expectClear(outcome, ['EROFS']);
      expect(outcome.error!.message).toContain(root);
      expect(outcome.error!.remedy).toMatch(/SKIFF_ROOT/);
      execFileSync('mount', ['-o', 'remount,rw', root]);
      expect((await attempt(root, 1)).error).toBeUndefined();
    }),
  );
});

test('a root path of every length around 4 KiB works or is told to be too long', async () => {
  const top = tempRoot();
  const before = lookAround();
  const rootOf = (length: number) => {
    let root = top;
    // Names of 100 bytes; the last one makes the length exact.
    while (length - root.length > 210) root += `/${'d'.repeat(99)}`;
    return `${root}/${'e'.repeat(length - root.length - 1)}`;
  };
  const outcomes: { length: number; code?: string }[] = [];
  for (const length of [2000, 3600, 3839, 3840, 3950, 4050, 4095, 4096, 5000]) {
    const root = rootOf(length);
    expect(root).toHaveLength(length);
    const outcome = await attempt(root, length);
    if (outcome.error) {
      expectClear(outcome, ['ENAMETOOLONG']);
      expect(outcome.error.message.length).toBeLessThan(600);
      expect(outcome.error.remedy).toMatch(/shorter path/);
    }
    outcomes.push({ length, code: outcome.error?.code });
  }
  expect(outcomes[2]).toEqual({ length: 3839, code: undefined });
  expect(outcomes.at(-1)).toEqual({ length: 5000, code: 'ENAMETOOLONG' });
  // Once too long, always too long.
  const codes = outcomes.map(({ code }) => code);
  expect(codes.slice(codes.indexOf('ENAMETOOLONG')).every(code => code === 'ENAMETOOLONG')).toBe(true);
  expect(await leftSince(before)).toEqual([]);
  fs.rmSync(top, { recursive: true });
});

const controllers = ['memory', 'pids', 'cpu'].filter(name =>
  fs.existsSync(`/sys/fs/cgroup/${name}/cgroup.procs`),
);
const LIMITS: Record<string, string[]> = {
  memory: ['-m', '64m'],
  pids: ['--pids-limit', '20'],
  cpu: ['--cpus', '0.5'],
};

itIf(canLimit && controllers.length === 3, 'no controllers of cgroup v1, mounted one by one, to limit by')(
  'a missing cgroup controller fails the limit that needs it, and only that',
  async () => {
    const root = tempRoot();
    await run(['run', 'true'], { root });
    const before = lookAround();
    for (const controller of controllers) {
      const without = (...args: string[]) => {
        const script = `umount /sys/fs/cgroup/${controller} && exec "$0" "$@"`;
        const command = ['unshare', '-m', 'sh', '-c', script, skiffProgram, ...args];
        return spawnSyncIn(root, command);
      };
      const failed = without('run', ...LIMITS[controller]!, 'true');
      expect(failed.status).toBe(125);
      expect(failed.stderr).toMatch(
        new RegExp(
          `^skiff: cannot limit ${controller}: no ${controller} controller is mounted[^\\n]*\\nMount it`,
        ),
      );
      expect(without('run', 'true')).toMatchObject({ status: 0, stderr: '' });
      expect(await run(['run', ...LIMITS[controller]!, 'true'], { root })).toMatchObject({ code: 0 });
      expect(leftIn(root)).toEqual([]);
    }
    expect(await leftSince(before)).toEqual([]);
  },
);

function spawnSyncIn(root: string, [file, ...args]: string[]) {
  const settings = { env: { ...process.env, SKIFF_ROOT: root }, encoding: 'utf8', timeout: 30_000 } as const;
  return spawnSync(file!, args, settings);
}
