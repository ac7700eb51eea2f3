/**
 * Whoever freezes a container for a moment (commit, update, a pause that is not done yet) and is killed does not leave it
 * frozen: its monitor lets it go on. What was paused for good stays so.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { MonitorConnection } from '../../lib/runtime/detached/control';
import { fileRoot, start } from '../helpers/run';
import { itWithLimits } from '../helpers/user-mode';
import { until } from '../helpers/wait';
import { attempt, recordOf, removeAllAfterEach, skiff } from './support';

removeAllAfterEach();

/** Counts for as long as it is not frozen. */
const COUNTING = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /dev/shm/count; sleep 0.01; done'];

function countOf(id: string): string {
  return fs.readFileSync(`/proc/${recordOf(id).state!.init!.pid}/root/dev/shm/count`, 'utf8');
}

async function expectGoingOn(id: string): Promise<void> {
  const before = countOf(id);
  await until('it goes on', () => ![before, ''].includes(countOf(id)));
  expect(recordOf(id).state?.status).toBe('running');
}

/** The file that freezes it, with what is to be written for that. */
function freezerOf(id: string): { file: string; frozen: string } {
  const paths = recordOf(id).cgroupPaths ?? [];
  const found = paths
    .flatMap(directory => [
      { file: path.join(directory, 'freezer.state'), frozen: 'FROZEN' },
      { file: path.join(directory, 'cgroup.freeze'), frozen: '1' },
    ])
    .find(({ file }) => fs.existsSync(file));
  return found!;
}

async function connect(id: string): Promise<MonitorConnection> {
  return (await MonitorConnection.connect(path.join(fileRoot(), 'containers', id)))!;
}

async function startCounting(...flags: string[]): Promise<string> {
  const id = await skiff('run', '-d', ...flags, ...COUNTING);
  await until('it counts', () => fs.existsSync(`/proc/${recordOf(id).state!.init!.pid}/root/dev/shm/count`));
  return id;
}

itWithLimits('kill -9 of a commit: it goes on, and can be committed again', async () => {
  const id = await startCounting();
  await skiff('exec', id, 'sh', '-c', 'mkdir /d; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); : > /d/$i; done');
  const commit = start(['commit', id, 'cut:1']);
  const ended = once(commit, 'close');
  await until('it is held', () => recordOf(id).state?.status === 'paused');
  commit.kill('SIGKILL');
  await ended;
  await until('its record tells', () => recordOf(id).state?.status === 'running');
  await expectGoingOn(id);
  await skiff('commit', id, 'whole:1');
  await expectGoingOn(id);
  expect(await skiff('images', '--format', '{{.Repository}}')).not.toContain('cut');
  await skiff('rmi', 'whole:1');
});

itWithLimits('a connection that ends in the middle of a freeze: it goes on', async () => {
  const id = await startCounting();
  const connection = await connect(id);
  expect(await connection.hold()).toBe('held');
  const { file, frozen } = freezerOf(id);
  fs.writeFileSync(file, frozen);
  connection.close();
  await expectGoingOn(id);
});

itWithLimits(
  'one that has said that it is paused, and not yet that it stays so: it goes on, and its record tells',
  async () => {
    const id = await startCounting();
    const connection = await connect(id);
    expect(await connection.hold()).toBe('held');
    const { file, frozen } = freezerOf(id);
    fs.writeFileSync(file, frozen);
    expect(await connection.notePaused(true)).toBe(true);
    expect((await attempt(['pause', id])).stderr).toMatch(/is already paused/);
    connection.close();
    await until('its record tells', () => recordOf(id).state?.status === 'running');
    await expectGoingOn(id);
  },
);

itWithLimits('what is paused for good stays so, whoever comes and goes', async () => {
  const id = await startCounting();
  await skiff('pause', id);
  const count = countOf(id);
  const connection = await connect(id);
  expect(await connection.hold()).toBe('busy');
  connection.close();
  // In a hierarchy that it was not in: its processes move while they are frozen.
  await skiff('update', '--pids-limit', '50', '-m', '64m', id);
  await skiff('commit', id, 'paused:1');
  expect(recordOf(id).state?.status).toBe('paused');
  expect(countOf(id)).toBe(count);
  await skiff('unpause', id);
  await expectGoingOn(id);
  await skiff('rmi', 'paused:1');
});

itWithLimits('of two that would hold it, the second is told, and the first keeps it', async () => {
  const id = await startCounting();
  const [first, second] = [await connect(id), await connect(id)];
  expect(await first.hold()).toBe('held');
  expect(await second.hold()).toBe('busy');
  const { file, frozen } = freezerOf(id);
  fs.writeFileSync(file, frozen);
  second.close();
  expect(fs.readFileSync(file, 'utf8')).toMatch(/FR|1/);
  await first.release();
  first.close();
  // Released and frozen: that is what a pause leaves.
  expect(fs.readFileSync(file, 'utf8')).toMatch(/FR|1/);
});
