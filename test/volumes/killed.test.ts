/** SIGKILL at random moments of what is done to volumes: nothing half is ever seen, and nothing is lost. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff } from '../../lib/engine';
import { run, start } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { KILL_ROUNDS, Program } from '../life/support';
import { output } from '../run/support';
import { cliOn, dataOf, entriesOf, makeRootfs, told } from './support';

/** Files of the image's directory that is copied up: enough that a kill meets the copy. */
const FILES = 400;
const ROUNDS_TIMEOUT_MS = 60_000 + KILL_ROUNDS * 5_000;

let root: string;

beforeEach(() => {
  root = tempRoot();
});

afterEach(() => Program.endAll());

/** Kill a command some time after its start, if it has not ended by then. */
async function killed(args: string[], withinMs: number): Promise<{ acknowledged: string }> {
  const child = start(args, { root });
  const written: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => written.push(chunk));
  child.stdin.end();
  const closed = once(child, 'close');
  await sleep(Math.random() * withinMs);
  child.kill('SIGKILL');
  await closed;
  return { acknowledged: Buffer.concat(written).toString().trim() };
}

test(
  'volume create and rm: a volume is whole or not there, and what was told has happened',
  async () => {
    const list = async () => (await told(run(['volume', 'ls', '-q'], { root }))).split('\n').filter(Boolean);
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      const { acknowledged } = await killed(['volume', 'create', '--label', 'a=1', 'data'], 200);
      const there = await list();
      if (acknowledged) expect(there).toEqual(['data']);
      for (const name of there) {
        const label = await told(run(['volume', 'inspect', '-f', '{{.Labels.a}}', name], { root }));
        expect(label).toBe('1');
        fs.writeFileSync(dataOf(root, name, 'file'), '');
      }
      const removal = await killed(['volume', 'rm', '-f', 'data'], 200);
      if (removal.acknowledged) expect(await list()).toEqual([]);
      else if ((await list()).length > 0) expect(fs.readdirSync(dataOf(root, 'data'))).toEqual(['file']);
    }
    await told(run(['volume', 'rm', '-f', 'data'], { root }));
    expect(await run(['run', 'true'], { root })).toMatchObject({ code: 0, stderr: '' });
    expect(entriesOf(root)).toEqual([]);
  },
  ROUNDS_TIMEOUT_MS,
);

test(
  'copy-up: the next container has all of it; anonymous volumes of killed ones go',
  async () => {
    const rootfs = makeRootfs(path.join(tempRoot(), 'rootfs'));
    fs.mkdirSync(path.join(rootfs, 'srv'));
    for (let index = 0; index < FILES; index += 1)
      fs.writeFileSync(path.join(rootfs, 'srv', `f${index}`), 'x');
    const command = ['--rootfs', rootfs, '-v', 'data:/srv', '-v', '/srv2', '-v', '/srv'];
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      await killed(['run', ...command.slice(0, 6), 'sleep', '10'], 400);
      const count = ['run', '--rootfs', rootfs, '-v', 'data:/srv', 'sh', '-c', 'cat /srv/f* | wc -c'];
      expect(await told(run(count, { root }))).toBe(String(FILES));
      expect(entriesOf(root)).toEqual(['data']);
      await told(run(['volume', 'rm', 'data'], { root }));
    }
  },
  ROUNDS_TIMEOUT_MS,
);

test('a copy that was whole but not at its place is put there', async () => {
  await using skiff = await Skiff.open({ root });
  await skiff.volumes.create({ name: 'data' });
  const copied = path.join(root, 'volumes', 'data', '.copied');
  fs.mkdirSync(copied, { mode: 0o750 });
  fs.writeFileSync(path.join(copied, 'late'), 'late\n');
  fs.writeFileSync(dataOf(root, 'data', 'early'), 'early\n');
  const volumes = ['data:/etc'];
  expect(await output(skiff, ['sh', '-c', 'cat /etc/early /etc/late'], { volumes })).toBe('early\nlate');
  expect(fs.readdirSync(path.join(root, 'volumes', 'data')).sort()).toEqual(['_data', 'meta.json']);
  expect(fs.statSync(dataOf(root, 'data')).mode & 0o777).toBe(0o750);
});

test('a killed process of the API leaves its volumes to the next one', async () => {
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     await skiff.start(['sleep', '1000'], { volumes: ['/own', 'named:/n'], stdout: 'ignore', stderr: 'ignore' });
     say(1);
     await hear();`,
    root,
  );
  await program.heard();
  expect(entriesOf(root).filter(name => !name.startsWith('.'))).toHaveLength(2);
  await program.kill();
  expect(await run(['run', 'true'], { root })).toMatchObject({ code: 0, stderr: '' });
  expect(entriesOf(root)).toEqual(['named']);
});

test('what a living process claims is not swept', async () => {
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     await skiff.run(['true'], { volumes: ['/own'], keep: false });
     const container = await skiff.start(['cat', '/own/x'], { volumes: ['/own'], stdin: 'pipe' });
     say(1);
     await hear();`,
    root,
  );
  await program.heard();
  const cli = cliOn(root);
  await told(cli('run', 'true'));
  await told(cli('volume', 'ls'));
  await program.kill();
  await told(cli('run', 'true'));
  expect(entriesOf(root)).toEqual([]);
});

test('rm while containers are being made with it: refused, or a new one', async () => {
  await using skiff = await Skiff.open({ root });
  const starts = Array.from({ length: 40 }, (_, index) =>
    output(skiff, ['sh', '-c', `echo ${index} > /d/${index}; ls /d/${index}`], { volumes: ['data:/d'] }),
  );
  let isOver = false;
  const outcomes = new Set<string>();
  const removing = (async () => {
    while (!isOver) {
      const outcome = await skiff.volumes.remove('data').then(
        () => 'removed',
        (error: unknown) => (error as { code: string }).code,
      );
      outcomes.add(outcome);
      await sleep(1);
    }
  })();
  const results = await Promise.all(starts).finally(() => (isOver = true));
  await removing;
  // Whoever wrote to it found it again: nobody's volume was taken away under him.
  expect(results).toEqual(Array.from({ length: 40 }, (_, index) => `/d/${index}`));
  for (const outcome of outcomes) expect(['removed', 'VOLUME_IN_USE', 'VOLUME_NOT_FOUND']).toContain(outcome);
  expect(outcomes).toContain('VOLUME_IN_USE');
});
