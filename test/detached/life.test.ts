import fs from 'node:fs';
import path from 'node:path';
import { detectCgroups } from '../../lib/cgroup';
import { fileRoot, run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { until } from '../helpers/wait';
import { describeWithLimits, itWithLimits } from '../helpers/user-mode';
import { containersOf, isRunning, mountsBelow } from '../life/support';
import { commandLine } from '../run/support';
import { attempt, logOf, recordOf, removeAllAfterEach, skiff, untilStatus } from './support';

removeAllAfterEach();

describe('run -d', () => {
  it('prints the id when the command runs, and the container outlives it', async () => {
    const id = await skiff('run', '-d', '--name', 'bird', 'busybox', 'top', '-b');
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const { state, name, detached } = recordOf(id);
    expect({ name, detached, status: state?.status }).toEqual({
      name: 'bird',
      detached: true,
      status: 'running',
    });
    expect(commandLine(state!.init!.pid)).toBe('top -b');
    expect(commandLine(state!.monitor!.pid)).toBe(`skiff-monitor ${path.join(fileRoot(), 'containers', id)}`);
  });

  it("has a monitor that is nobody's child, works from / and has no terminal", async () => {
    const id = await skiff('run', '-d', 'sleep', '100');
    const { pid } = recordOf(id).state!.monitor!;
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    expect(fs.readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    expect({ session: Number(stat[3]), terminal: stat[4] }).toEqual({ session: pid, terminal: '0' });
    expect(commandLine(Number(stat[1]))).not.toContain('bin/run');
    const open = fs.readdirSync(`/proc/${pid}/fd`).map(fd => fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter(target => target.startsWith('/dev/') && target !== '/dev/null')).toEqual([]);
  });

  it.each([
    [['nosuch'], 127, 'skiff: cannot start "nosuch": executable file not found in $PATH\n'],
    [['/etc'], 126, 'skiff: cannot start "/etc": is a directory: permission denied\n'],
  ])('leaves nothing where its command cannot run: %p', async (command, code, stderr) => {
    expect(await attempt(['run', '-d', '--name', 'bad', ...command])).toEqual({ code, stderr });
    expect(containersOf(fileRoot())).toEqual([]);
  });

  it('refuses what cannot be, before anything is made', async () => {
    for (const args of [
      ['--restart', 'sometimes'],
      ['--restart', 'always:3'],
      ['--restart', 'always', '--rm'],
      ['--stop-signal', 'NOPE'],
      ['--log-opt', 'max-file=0'],
      ['--log-opt', 'colour=red'],
      ['--log-driver', 'syslog'],
      ['--keep'],
    ]) {
      const { code, stderr } = await attempt(['run', '-d', ...args, 'true']);
      expect({ args, code, lines: stderr.split('\n').length }).toEqual({
        args,
        code: 125,
        lines: expect.any(Number),
      });
      expect(stderr).toMatch(/^skiff: /);
    }
    expect(containersOf(fileRoot())).toEqual([]);
  });

  it('removes itself at its end with --rm', async () => {
    const id = await skiff('run', '-d', '--rm', '--name', 'short', 'sh', '-c', 'sleep 4; exit 3');
    expect(await skiff('wait', id)).toBe('3');
    expect(containersOf(fileRoot())).toEqual([]);
    expect(mountsBelow(fileRoot())).toEqual([]);
  });

  it('logs both streams, each line with its time', async () => {
    const id = await skiff(
      'run',
      '-d',
      'sh',
      '-c',
      'echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three',
    );
    await skiff('wait', id);
    expect(logOf(id)).toEqual(['stdout F one', 'stderr F two', 'stdout P three']);
  });

  it('keeps no more of the output than is asked for', async () => {
    const id = await skiff(
      ...['run', '-d', '--log-opt', 'max-size=10k', '--log-opt', 'max-file=2'],
      ...['sh', '-c', 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done'],
    );
    await skiff('wait', id);
    const directory = path.join(fileRoot(), 'containers', id);
    const logs = fs.readdirSync(directory).filter(name => name.startsWith('log'));
    expect(logs.sort()).toEqual(['log', 'log.1']);
    for (const name of logs) expect(fs.statSync(path.join(directory, name)).size).toBeLessThanOrEqual(10_240);
    expect(logOf(id).at(-1)).toBe('stdout F line 1999');
    const all = [...logOf(id, 'log.1'), ...logOf(id)].map(line => Number(line.split(' ').at(-1)));
    expect(all).toEqual(all.map((_, index) => all[0]! + index));
  });

  it('keeps nothing with --log-driver none', async () => {
    const id = await skiff('run', '-d', '--log-driver', 'none', 'echo', 'hello');
    await skiff('wait', id);
    expect(fs.existsSync(path.join(fileRoot(), 'containers', id, 'log'))).toBe(false);
  });

  itWithLimits('tells of a limit of memory that was met, and of a timeout', async () => {
    const greedy = await skiff('run', '-d', '-m', '16m', 'sh', '-c', 'x=a; while :; do x=$x$x; done');
    expect(await skiff('wait', greedy)).toBe('137');
    expect(recordOf(greedy).state?.oomKilled).toBe(true);
    const slow = await skiff('run', '-d', '--timeout', '0.3', 'sleep', '100');
    expect(await skiff('wait', slow)).toBe('137');
  });
});

describe('create, start, stop, restart', () => {
  it('keeps what it wrote from run to run', async () => {
    const id = await skiff(
      'create',
      '--name',
      'count',
      'sh',
      '-c',
      'echo x >> /x; cat /x; exit $(wc -l < /x)',
    );
    expect(recordOf(id).status).toBe('created');
    for (const code of [1, 2, 3]) {
      const ran = await run(['start', '-a', 'count']);
      expect({ code: ran.code, lines: ran.stdout.toString() }).toEqual({ code, lines: 'x\n'.repeat(code) });
    }
  });

  itWithLimits('gives back mount and cgroups at its end, and takes them again', async () => {
    const id = await skiff('run', '-d', '-m', '64m', 'sleep', '100');
    const cgroups = recordOf(id).cgroupPaths!;
    expect(cgroups.every(directory => fs.existsSync(directory))).toBe(true);
    await skiff('stop', '-t', '0', id);
    expect(cgroups.filter(directory => fs.existsSync(directory))).toEqual([]);
    expect(mountsBelow(fileRoot())).toEqual([]);
    await skiff('start', id);
    expect(cgroups.every(directory => fs.existsSync(directory))).toBe(true);
    expect(mountsBelow(fileRoot())).toHaveLength(1);
  });

  it('asks by the stop signal first', async () => {
    const script = 'trap "echo bye; exit 5" USR1; trap "" TERM; echo up; while :; do sleep 0.05; done';
    const id = await skiff('run', '-d', '--stop-signal', 'USR1', 'sh', '-c', script);
    await until('it is up', () => logOf(id).length > 0 || undefined);
    await skiff('stop', id);
    expect(recordOf(id).state?.exitCode).toBe(5);
    expect(logOf(id)).toEqual(['stdout F up', 'stdout F bye']);
  });

  it('starts and stops what does so already without a word', async () => {
    const id = await skiff('run', '-d', 'sleep', '100');
    expect(await skiff('start', id)).toBe(id);
    await skiff('stop', '-t', '0', id);
    expect(await skiff('stop', id)).toBe(id);
  });

  it('is one container however many start it at once', async () => {
    const id = await skiff('create', 'sleep', '100');
    const started = await Promise.all(Array.from({ length: 5 }, () => run(['start', id])));
    expect(started.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(mountsBelow(fileRoot())).toHaveLength(1);
  });

  it('tells why it could not be started, and can be removed', async () => {
    const id = await skiff('create', 'nosuch');
    const { code, stderr } = await attempt(['start', id]);
    expect({ code, stderr }).toEqual({
      code: 127,
      stderr: 'skiff: cannot start "nosuch": executable file not found in $PATH\n',
    });
    const { state } = recordOf(id);
    expect(state).toMatchObject({ status: 'created', exitCode: 127, error: stderr.slice(7, -1) });
  });
});

describe('wrong states', () => {
  it.each([
    [['kill'], 'is not running'],
    [['pause'], 'is not running'],
    [['unpause'], 'is not running'],
    [['attach'], 'is not running'],
  ])('%p needs a container that runs', async (command, reason) => {
    const id = await skiff('create', 'true');
    expect(await attempt([...command, id])).toEqual({
      code: 1,
      stderr: `skiff: container ${id.slice(0, 12)} ${reason}\n`,
    });
  });

  it('does not remove what runs, but by force', async () => {
    const id = await skiff('run', '-d', '--name', 'busy', 'sleep', '100');
    const { code, stderr } = await attempt(['rm', 'busy']);
    expect({ code, first: stderr.split('\n')[0] }).toEqual({
      code: 1,
      first: 'skiff: cannot remove container busy: it is running',
    });
    const { pid } = recordOf(id).state!.init!;
    expect(await skiff('rm', '-f', 'busy')).toBe('busy');
    expect(isRunning(pid)).toBe(false);
    expect(containersOf(fileRoot())).toEqual([]);
  });

  it('names the container that has a name, and those that a prefix could mean', async () => {
    const first = await skiff('create', '--name', 'taken', 'true');
    expect((await attempt(['create', '--name', 'taken', 'true'])).stderr).toContain(
      `the container name "taken" is already in use by container ${first.slice(0, 12)}`,
    );
    const second = await skiff('create', 'true');
    const { code, stderr } = await attempt(['start', '']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'skiff: no such container: \n' });
    expect((await attempt(['stop', 'nobody'])).stderr).toBe('skiff: no such container: nobody\n');
    expect(second).not.toBe(first);
  });
});

describeWithLimits('pause', () => {
  it('freezes every process, and the record tells', async () => {
    const script = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done';
    const id = await skiff('run', '-d', '--name', 'cold', 'sh', '-c', script);
    await until('it counts', () => logOf(id).length > 2 || undefined);
    await skiff('pause', 'cold');
    expect(recordOf(id).state?.status).toBe('paused');
    const before = logOf(id).length;
    await new Promise(resolve => setTimeout(resolve, 200));
    // What was in the pipe when it froze is logged all the same.
    expect(logOf(id).length - before).toBeLessThanOrEqual(1);
    expect((await attempt(['pause', 'cold'])).stderr).toContain('is already paused');
    await skiff('unpause', 'cold');
    expect(recordOf(id).state?.status).toBe('running');
    await until('it goes on', () => logOf(id).length > before + 2 || undefined);
    expect((await attempt(['unpause', 'cold'])).stderr).toContain('is not paused');
  });

  it('keeps nobody from ending it', async () => {
    const stopped = await skiff('run', '-d', 'sleep', '100');
    const removed = await skiff('run', '-d', 'sleep', '100');
    await skiff('pause', stopped, removed);
    await skiff('stop', '-t', '1', stopped);
    expect(recordOf(stopped).state?.status).toBe('exited');
    await skiff('rm', '-f', removed);
    expect(containersOf(fileRoot())).toEqual([`containers/${stopped}`]);
  });
});

describe('rename and update', () => {
  it('has the new name, and the old one is free', async () => {
    const id = await skiff('run', '-d', '--name', 'old', 'sleep', '100');
    await skiff('rename', 'old', 'new');
    expect(recordOf(id).name).toBe('new');
    expect(await skiff('create', '--name', 'old', 'true')).not.toBe(id);
    expect((await attempt(['rename', 'old', 'new'])).stderr).toContain('is already in use');
    await skiff('stop', '-t', '0', 'new');
    await skiff('rename', 'new', 'newer');
    expect(recordOf(id)).toMatchObject({ name: 'newer', state: { status: 'exited' } });
    await skiff('start', 'newer');
    expect(recordOf(id)).toMatchObject({ name: 'newer', state: { status: 'running' } });
  });

  itWithLimits('limits what runs, at once and at its next start', async () => {
    const id = await skiff('run', '-d', 'sleep', '100');
    await skiff('update', '--pids-limit', '17', '-m', '64m', id);
    const { pid } = recordOf(id).state!.init!;
    // On cgroup v2 one directory has all limits.
    const value = (controller: string, file: string) => {
      const directories = recordOf(id).cgroupPaths!;
      const directory = directories.find(name => name.includes(`/${controller}/`)) ?? directories[0]!;
      return fs.readFileSync(path.join(directory, file), 'utf8').trim();
    };
    const pids = () => value('pids', 'pids.max');
    expect(pids()).toBe('17');
    expect(fs.readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(
      new RegExp(`^(\\d+:pids|0:):.*/skiff-${id}`, 'm'),
    );
    await skiff('stop', '-t', '0', id);
    expect(recordOf(id).cgroupPaths!.filter(directory => fs.existsSync(directory))).toEqual([]);
    await skiff('start', id);
    expect(pids()).toBe('17');
    await skiff('update', '-m', '32m', id);
    const memoryLimit = detectCgroups().mode === 'v2' ? 'memory.max' : 'memory.limit_in_bytes';
    expect(value('memory', memoryLimit)).toBe(String(32 << 20));
  });

  it('restarts by the policy that it was given last', async () => {
    const signs = tempDirectory();
    const script = 'until [ -e /signs/go ]; do sleep 0.1; done; exit 1';
    const id = await skiff('run', '-d', '-v', `${signs.path}:/signs`, 'sh', '-c', script);
    await skiff('update', '--restart', 'on-failure:1', id);
    fs.writeFileSync(path.join(signs.path, 'go'), '');
    const { state } = await untilStatus(id, 'exited');
    expect(state).toMatchObject({ restartCount: 1, exitCode: 1 });
    signs.remove();
  });
});
