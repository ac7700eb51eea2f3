/** The threads that wait for the ends of containers, and remove what is left of them. */
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { projectRoot } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { sh } from '../run/support';
import { containersOf, isRunning, leftSince, lookAround, Program } from './support';

/** Removing so many files takes much longer than a container that does nothing. */
const MANY_FILES = 'mkdir /many; cd /many; seq 1 30000 | xargs touch';

/** Resolves once its processes have ended and its removal has begun. */
async function untilGone(pid: number): Promise<void> {
  await until('its end', () => !isRunning(pid), 60_000);
}

test('a removal that takes long keeps no other waiting', async () => {
  await using skiff = await Skiff.open({ root: tempRoot() });
  await skiff.run(['true']);
  const long = await skiff.start(sh(MANY_FILES));
  let isRemoved = false;
  const removed = long.wait().then(() => (isRemoved = true));
  await untilGone(long.pid);
  await Promise.all(Array.from({ length: 3 }, () => skiff.run(['true'])));
  expect(isRemoved).toBe(false);
  await removed;
  expect(containersOf(skiff.root).filter(name => name === long.id)).toEqual([]);
}, 120_000);

test('what was begun to be removed is removed whole where the program calls process.exit()', async () => {
  const root = tempRoot();
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     const { pid, id } = await skiff.start(['sh', '-c', ${JSON.stringify(MANY_FILES)}]);
     while (fs.existsSync('/proc/' + pid)) await new Promise(resolve => setTimeout(resolve, 1));
     say({ there: fs.existsSync(root + '/containers/' + id) });
     process.exit(0);`,
    root,
  );
  // Otherwise this tells nothing.
  expect(await program.heard()).toEqual({ there: true });
  await program.ended;
  expect(containersOf(root)).toEqual([]);
}, 120_000);

test('a worker thread that is terminated in a removal, or before one, leaves no more than its program is to sweep', async () => {
  const root = tempRoot();
  const before = lookAround();
  const program = Program.start(
    `const { Worker } = require('node:worker_threads');
     for (const command of [${JSON.stringify(MANY_FILES)}, 'sleep 1000']) {
       const worker = new Worker(
         "const { parentPort, workerData } = require('node:worker_threads');" +
         "const { Skiff } = require(workerData.dist);" +
         "Skiff.open({ root: workerData.root }).then(skiff => skiff.start(['sh', '-c', workerData.command]))" +
         "  .then(({ pid }) => parentPort.postMessage(pid));",
         { eval: true, workerData: { dist: ${JSON.stringify(path.join(projectRoot, 'dist'))}, root, command } });
       const pid = await new Promise(resolve => worker.once('message', resolve));
       const isThere = () => fs.existsSync('/proc/' + pid);
       if (command !== 'sleep 1000') while (isThere()) await new Promise(resolve => setTimeout(resolve, 1));
       await worker.terminate();
       say({ isThere: isThere() });
     }`,
    root,
  );
  expect(await program.heard()).toEqual({ isThere: false });
  expect(await program.heard()).toEqual({ isThere: false });
  await program.ended;
  const skiff = await Skiff.open({ root });
  await skiff.run(['true']);
  await skiff.close();
  expect(containersOf(root)).toEqual([]);
  expect(await leftSince(before)).toEqual([]);
}, 120_000);

test('it ends with its Skiff, and takes as many threads as it needs', async () => {
  const threads = () => fs.readdirSync('/proc/self/task').length;
  const skiff = await Skiff.open({ root: tempRoot() });
  await skiff.run(['true']);
  const one = threads();
  await Promise.all(Array.from({ length: 40 }, () => skiff.run(['true'])));
  expect(threads()).toBeLessThanOrEqual(one + 3);
  await skiff.close();
  // A thread that has ended may be listed a moment longer.
  await until('the end of its threads', () => threads() < one);
});
