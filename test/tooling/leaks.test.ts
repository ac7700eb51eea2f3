import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { projectRoot, run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { isUser } from '../helpers/user-mode';
import { until } from '../helpers/wait';

const isRoot = process.getuid?.() === 0;

let directory: ReturnType<typeof tempDirectory>;

// What jest compiles is the same each time.
let cache: ReturnType<typeof tempDirectory>;

beforeAll(() => {
  cache = tempDirectory();
});

afterAll(() => cache.remove());

beforeEach(() => {
  directory = tempDirectory();
});

afterEach(() => directory.remove());

/** Run jest, as it is set up here, on one test file with that text. */
function jest(source: string, env: Record<string, string> = {}): Promise<string> {
  const file = path.join(directory.path, 'example.test.ts');
  const helpers = path.join(projectRoot, 'test', 'helpers');
  fs.writeFileSync(file, source.replaceAll('HELPERS', helpers));
  const program = path.join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [program, '--config', path.join(projectRoot, 'jest.config.js'), '--roots', directory.path];
  args.push('--cacheDirectory', cache.path);
  return new Promise(resolve => {
    const options = { cwd: projectRoot, env: { ...process.env, TMPDIR: directory.path, ...env } };
    execFile(process.execPath, args, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

const IMPORTS = `
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { tempRoot } from 'HELPERS/temp';
`;

it('a file that leaves nothing passes, whatever it had in between', async () => {
  const report = await jest(`${IMPORTS}
    const root = tempRoot();
    it('x', () => {
      fs.mkdirSync(path.join(root, 'images'));
      fs.mkdirSync(path.join(root, 'containers', 'c'), { recursive: true });
      spawn('sleep', ['0.5']);
    });
    afterAll(() => fs.rmdirSync(path.join(root, 'containers', 'c')));`);
  expect(report).toMatch(/Tests: +1 passed, 1 total/);
  expect(report).toMatch(/Test Suites: 1 passed/);
  expect(report).toContain('No test was skipped.');
});

it('a file that leaves something fails, and each of it is named', async () => {
  const report = await jest(`${IMPORTS}
    it('x', () => {
      fs.writeFileSync(path.join(os.tmpdir(), 'forgotten'), '');
      fs.mkdirSync(path.join(tempRoot(), 'containers', 'c'), { recursive: true });
      fs.openSync('/dev/zero', 'r');
      spawn('sleep', ['6.321'], { detached: true, stdio: 'ignore' }).unref();
    });`);
  expect(report).toMatch(/Test Suites: 1 failed/);
  expect(report).toMatch(/the test file left behind:/);
  expect(report).toMatch(/^ +process \d+ sleep 6\.321$/m);
  expect(report).toMatch(/^ +descriptor \d+ \/dev\/zero$/m);
  expect(report).toMatch(/^ +file or directory .*\/forgotten$/m);
  expect(report).toMatch(/^ +file or directory .*\/root-\w+\/containers\/c$/m);
});

/** The run itself must end: the outer test would time out here. */
describe('a failed test that leaves something running does not hold up the run, and it is ended', () => {
  const expectEnded = (report: string, command: string) => {
    expect(report).toMatch(/This test failed: x: (Error: deliberate|Exceeded timeout)/);
    expect(report).toContain('the test file left behind:');
    const [, pid] = new RegExp(`^ +process (\\d+) ${command}$`, 'm').exec(report) ?? [];
    expect(Number(pid)).toBeGreaterThan(0);
    expect(fs.existsSync(`/proc/${pid}/cwd`)).toBe(false);
  };

  it('a child with its pipes', async () => {
    const report = await jest(`
      import { spawn } from 'node:child_process';
      it('x', () => {
        spawn('sleep', ['1001']).stdout.on('data', () => undefined);
        throw new Error('deliberate');
      });`);
    expectEnded(report, 'sleep 1001');
  });

  it('a command whose test has timed out', async () => {
    const report = await jest(`
      import { promisify } from 'node:util';
      import { execFile } from 'node:child_process';
      it('x', () => promisify(execFile)('sh', ['-c', 'sleep 1002 & wait']), 500);`);
    expectEnded(report, 'sleep 1002');
  });

  it('a terminal', async () => {
    const report = await jest(`
      import { Tmux } from 'HELPERS/tmux';
      it('x', async () => {
        await Tmux.start(['sleep', '1003']);
        throw new Error('deliberate');
      });`);
    expectEnded(report, 'sleep 1003');
  });

  itIf(
    isRoot,
    'containers need root',
    'root',
  )('a container of the API, which the run watches', async () => {
    const root = path.join(directory.path, 'state');
    const report = await jest(`
      import { Skiff } from '${projectRoot}/lib';
      it('x', async () => {
        const skiff = await Skiff.open({ root: '${root}' });
        await skiff.start(['sleep', '1004']);
        throw new Error('deliberate');
      });`);
    expectEnded(report, 'sleep 1004');
    // Nobody was left to remove it: the next command does.
    await run(['run', 'true'], { root });
    expect(fs.readdirSync(path.join(root, 'containers'))).toEqual([]);
  });
});

describe('what only root can leave', () => {
  const cgroup = path.join(
    ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find(place => fs.existsSync(`${place}/cgroup.procs`)) ??
      '/sys/fs/cgroup',
    `skiff-test-left-${process.pid}`,
  );
  let mountPoint: string;

  beforeEach(() => {
    mountPoint = path.join(directory.path, 'mnt');
    fs.mkdirSync(mountPoint);
  });

  afterEach(async () => {
    if (fs.readFileSync('/proc/self/mountinfo', 'utf8').includes(mountPoint))
      execFileSync('umount', [mountPoint]);
    if (!fs.existsSync(cgroup)) return;
    const pids = () => fs.readFileSync(path.join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    for (const pid of pids()) process.kill(Number(pid), 'SIGKILL');
    await until('the cgroup is empty', () => pids().length === 0);
    fs.rmdirSync(cgroup);
  });

  itIf(
    isRoot,
    'mounts need root',
    'root',
  )('a mount', async () => {
    const report = await jest(`${IMPORTS}
      it('x', () => {
        const target = path.join(os.tmpdir(), 'mnt');
        fs.mkdirSync(target);
        execFileSync('mount', ['--bind', target, '${mountPoint}']);
      });`);
    expect(report).toMatch(new RegExp(`^ +mount .* ${mountPoint} `, 'm'));
  });

  itIf(
    isRoot && !isUser,
    'cgroups need root',
    'root',
  )('a cgroup with a process in it', async () => {
    const report = await jest(`${IMPORTS}
      it('x', () => {
        fs.mkdirSync('${cgroup}');
        // Not by setsid(1): as the leader of its group, which detached makes it, that would fork away from the cgroup.
        const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
        fs.writeFileSync('${cgroup}/cgroup.procs', String(child.pid));
        child.unref();
      });`);
    expect(report).toContain(`cgroup ${cgroup}\n`);
    expect(report).toMatch(/^ +process \d+ sleep 60$/m);
  });
});

const SKIPPED = `
  import { describeIf, itIf } from 'HELPERS/conditions';
  itIf(false, 'no (such) kernel', 'kernel')('first', () => {});
  describeIf(false, 'no luck')('block', () => it('second', () => {}));
  itIf(true, 'never', 'kernel')('third', () => expect(1).toBe(1));`;

it('the summary names every skip and its reason', async () => {
  const report = await jest(SKIPPED);
  expect(report).toMatch(/Tests: +2 skipped, 1 passed/);
  expect(report).toMatch(
    /^Skipped, and why \(2\):\n.*example\.test\.ts: first\n +no \(such\) kernel\n.*: block second\n +no luck$/m,
  );
});

it('what SKIFF_REQUIRE asks for is a failure where it can not be tested', async () => {
  const report = await jest(SKIPPED, { SKIFF_REQUIRE: 'other,kernel' });
  expect(report).toMatch(/Tests: +1 failed, 1 skipped, 1 passed/);
  expect(report).toContain('SKIFF_REQUIRE=kernel asks for this test, but: no (such) kernel');
});

it('with SKIFF_MUST_WORK every skip is a failure', async () => {
  expect(await jest(SKIPPED, { SKIFF_MUST_WORK: '1' })).toMatch(/Tests: +2 failed, 1 passed/);
});
