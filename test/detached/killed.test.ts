/** SIGKILL of a container's monitor and init in states that the random kills seldom meet. */
import fs from 'node:fs';
import { fileRoot } from '../helpers/run';
import { until } from '../helpers/wait';
import { cgroupsOf, containersOf, isRunning, mountsBelow } from '../life/support';
import { recordOf, removeAllAfterEach, skiff } from './support';

removeAllAfterEach();

describe('a paused container whose monitor is killed', () => {
  it.each(['its monitor alone', 'both'])('ends, frozen or not: %s', async what => {
    const id = await skiff('run', '-d', '-m', '64m', 'sh', '-c', 'sleep 1000 & exec sleep 1000');
    await skiff('pause', id);
    const { monitor, init } = recordOf(id).state!;
    const paths = recordOf(id).cgroupPaths!;
    const pids = fs.readFileSync(`${paths[0]}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
    expect(pids).toHaveLength(2);
    process.kill(monitor!.pid, 'SIGKILL');
    if (what === 'both') process.kill(init!.pid, 'SIGKILL');
    await until('the monitor is gone', () => !isRunning(monitor!.pid));
    expect(await skiff('ps', '-a', '-q', '--no-trunc', '-f', 'status=exited')).toBe(id);
    expect(pids.filter(isRunning)).toEqual([]);
    expect([...cgroupsOf(id), ...mountsBelow(fileRoot())]).toEqual([]);
    expect(recordOf(id).state).toMatchObject({ status: 'exited', exitCode: 137 });
    expect(await skiff('start', id)).toBe(id);
  });
});

it('one that removes itself is gone after the kill of its monitor, with its volumes', async () => {
  const id = await skiff('run', '-d', '--rm', '--name', 'short', '-v', '/own', 'sleep', '1000');
  expect(fs.readdirSync(`${fileRoot()}/volumes`)).not.toEqual([]);
  process.kill(recordOf(id).state!.monitor!.pid, 'SIGKILL');
  await until('ps finds it gone', async () => (await skiff('ps', '-a', '-q')) === '');
  expect(containersOf(fileRoot())).toEqual([]);
  expect(fs.readdirSync(`${fileRoot()}/volumes`)).toEqual([]);
});
