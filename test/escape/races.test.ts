/**
 * A process inside swaps a directory with a link to the host's, without a pause, while the host works on its path: SKIFF_RACES
 * times each (200 where not given). The control is a program that looks first and opens then: it loses.
 * Copies have the same in test/files/races.test.ts.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../../lib/common/errors';
import type { Container } from '../../lib/engine/options';
import { tempDirectory } from '../helpers/temp';
import { sh, useSkiff } from '../run/support';
import { buildStatic } from '../security/support';

const RACES = Number(process.env.SKIFF_RACES ?? 200);
const TIMEOUT_MS = 60_000 + RACES * 1000;
const NAIVE_SECONDS = '60';
const skiff = useSkiff();

let directory: { path: string; remove(): void };
const at = (name: string) => path.join(directory.path, name);

beforeEach(() => {
  directory = tempDirectory();
  fs.mkdirSync(at('outside'));
  fs.writeFileSync(at('outside/file'), 'SECRET');
  fs.mkdirSync(at('shared'));
});
afterEach(() => directory.remove());

/** `$1/dir` is a directory with a file, and a link to the host's directory `$2`, in turn. */
const SWAP = `cd $1; mkdir dir; echo inside > dir/file; ln -s $2 link; echo up
while :; do mv dir real; mv link dir; mv dir link; mv real dir; done`;

/** A container that swaps `where/dir`. */
async function swapping(where: string, volumes: string[] = []): Promise<Container> {
  const container = await skiff().start(sh(SWAP, where, at('outside')), { volumes });
  await new Promise(resolve => container.stdout!.once('data', resolve));
  return container;
}

/** Do it again and again. What fails has to be an error of ours with a code; how often it went through is told. */
async function again(work: (turn: number) => Promise<void>): Promise<number> {
  let done = 0;
  for (let turn = 0; turn < RACES; turn++) {
    try {
      await work(turn);
      done++;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }
  return done;
}

/** Nothing was made, mounted or changed in the host's directory. */
function expectUntouched(): void {
  expect(fs.readdirSync(at('outside'))).toEqual(['file']);
  expect(fs.readFileSync(at('outside/file'), 'utf8')).toBe('SECRET');
  expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(at('outside'));
}

/** A program of the host's that looks first and opens then reads what is outside. */
function expectNaiveToLose(file: string): void {
  const program = at('naive-read');
  buildStatic(path.join(__dirname, 'programs', 'naive-read.c'), program);
  const { stdout } = spawnSync(program, [NAIVE_SECONDS, file, 'SECRET'], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  expect(stdout).toBe('succeeded\n');
}

test(
  'volumes: a mount point in a volume that another container swaps',
  async () => {
    const volume = `${at('shared')}:/v`;
    await using attacker = await swapping('/v', [volume]);
    expectNaiveToLose(at('shared/dir/file'));
    const done = await again(async turn => {
      const { stdout } = await skiff().run(
        sh('touch /v/dir/made; grep " /v/dir\\| /v/link\\| /v/real" /proc/self/mountinfo | wc -l'),
        { volumes: [volume], tmpfs: [`/v/dir/mount${turn % 4}`], timeout: '20s' },
      );
      expect(stdout).toMatch(/^[01]\n$/);
      expectUntouched();
    });
    expect(done).toBeGreaterThan(0);
    expect(attacker.pid).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'exec: a working directory that is swapped',
  async () => {
    await using container = await swapping('/tmp');
    expectNaiveToLose(path.join(skiff().root, 'containers', container.id, 'mnt/tmp/dir/file'));
    const done = await again(async () => {
      const { stdout, exitCode } = await container.execToEnd(sh('cat file; pwd'), { cwd: '/tmp/dir' });
      expect(stdout).not.toContain('SECRET');
      if (exitCode === 0) expect(stdout).toMatch(/^inside\n/);
      expectUntouched();
    });
    expect(done).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  "exec: the image's accounts, which are swapped with a file of the host",
  async () => {
    fs.writeFileSync(at('outside/passwd'), 'somebody:x:0:0::/:/bin/sh\n');
    const script = `cd /etc; echo 'somebody:x:1234:1234::/:/bin/sh' > real; ln -s $1 link; echo up
      while :; do mv real passwd; mv passwd real; mv link passwd; mv passwd link; done`;
    await using container = await skiff().start(sh(script, at('outside/passwd')));
    await new Promise(resolve => container.stdout!.once('data', resolve));
    const seen = new Set<string>();
    await again(async () => {
      const { stdout } = await container.execToEnd(['id', '-u'], { user: 'somebody' });
      seen.add(stdout);
    });
    expect([...seen]).toEqual(['1234\n']);
    fs.rmSync(at('outside/passwd'));
    expectUntouched();
  },
  TIMEOUT_MS,
);

test(
  'commit: a directory that is swapped while it is read',
  async () => {
    await using container = await swapping('/tmp');
    expectNaiveToLose(path.join(skiff().root, 'containers', container.id, 'mnt/tmp/dir/file'));
    const done = await again(async turn => {
      const name = `race:${turn}`;
      await (await skiff().files(container.id)).commit({ ref: name, pause: false });
      const look = sh('cat /tmp/dir/file /tmp/real/file /tmp/link/file 2>/dev/null; true');
      if (turn % 10 === 0) expect((await skiff().run(look, { image: name })).stdout).not.toContain('SECRET');
      await skiff().images.remove(name);
    });
    expect(done).toBeGreaterThan(0);
    expectUntouched();
  },
  TIMEOUT_MS,
);
